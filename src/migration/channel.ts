/** One side of a connection: records out and in, each within the time limit. */
import type { Socket } from 'node:net'
import { MigrationError } from './error.js'
import { encodeFrame, type Frame, FrameDecoder, type TypeName } from './frame.js'
import { bodyOf, encodeText, readText } from './records.js'

export interface ChannelOptions {
  /** How long the other side may take for one record, either way. */
  readonly timeoutMs: number
  /** Called before and after each thing that this side does, with its name: for tests that stop it there. */
  readonly trace?: (step: string) => void
}

/** Steps that happen too often to have names. */
const BULK: readonly TypeName[] = ['PAGES', 'LOG']

export class Channel {
  readonly peer: string
  readonly #socket: Socket
  readonly #options: ChannelOptions
  readonly #decoder: FrameDecoder
  readonly #chunks: AsyncIterator<Uint8Array>
  #sent = 0

  constructor(socket: Socket, peer: string, options: ChannelOptions) {
    this.peer = peer
    this.#socket = socket
    this.#options = options
    this.#decoder = new FrameDecoder(peer)
    // Reading and writing say it too; without a listener it would end the process.
    socket.on('error', () => {})
    socket.setNoDelay(true)
    this.#chunks = socket.iterator({ destroyOnReturn: false })
  }

  /** Both sides are known: records of all types may come. */
  trust(): void {
    this.#decoder.trust()
  }

  /** Resolves when the system has taken it; `data` must not change before that. */
  async send(
    type: TypeName,
    body: Uint8Array = Buffer.alloc(0),
    data: readonly Uint8Array[] = [],
  ): Promise<void> {
    const bulk = BULK.includes(type)
    if (!bulk) this.#options.trace?.(`before ${type} is sent`)
    const dataBytes = data.reduce((sum, { length }) => sum + length, 0)
    const parts = [...encodeFrame(type, this.#sent++, body, dataBytes), ...data]
    await this.#limited(this.#write(parts), `it does not take a ${type}`)
    if (!bulk) this.#options.trace?.(`after ${type} is sent`)
  }

  #write(parts: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(this.#lost('the connection is closed'))
      const done = (error?: Error | null) => (error ? reject(this.#lost(error.message)) : resolve())
      this.#socket.cork()
      parts.forEach((part, i) => {
        this.#socket.write(part, i === parts.length - 1 ? done : undefined)
      })
      this.#socket.uncork()
    })
  }

  /** The next record, which must be of one of these types. A REFUSED that is none of them is an error with its words. */
  async receive(...expected: readonly TypeName[]): Promise<Frame> {
    const frame = await this.#limited(this.#read(), `it sends no ${expected.join(' or ')}`)
    if (!BULK.includes(frame.type)) this.#options.trace?.(`after ${frame.type} is received`)
    if (expected.includes(frame.type)) return frame
    if (frame.type === 'REFUSED')
      throw new MigrationError(
        this.peer,
        null,
        `it refuses: ${readText(bodyOf(frame, this.peer))}`,
        'refused',
      )
    throw new MigrationError(
      this.peer,
      `record ${frame.number} (${frame.type}), byte ${frame.at}`,
      `this is a ${frame.type}; expected ${expected.join(' or ')}`,
    )
  }

  async #read(): Promise<Frame> {
    for (;;) {
      const frame = this.#decoder.next()
      if (frame) return frame
      let chunk: IteratorResult<Uint8Array>
      try {
        chunk = await this.#chunks.next()
      } catch (error) {
        throw this.#lost((error as Error).message)
      }
      if (chunk.done) throw this.#lost('the connection ended')
      this.#decoder.push(chunk.value)
    }
  }

  #lost(why: string): MigrationError {
    return new MigrationError(this.peer, this.#decoder.where, why, 'cut')
  }

  async #limited<T>(work: Promise<T>, what: string): Promise<T> {
    const { timeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#lost(`${what} within ${timeoutMs / 1000} s`)), timeoutMs)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
      work.catch(() => {})
    }
  }

  /** Says why, as far as it can be said, and closes. */
  async refuse(why: string): Promise<void> {
    await this.send('REFUSED', encodeText(why.slice(0, 1000))).catch(() => {})
    this.close()
  }

  /** What was sent is still delivered. */
  close(): void {
    this.#socket.end()
    setTimeout(() => this.#socket.destroy(), 1000).unref()
  }

  /** At once. */
  destroy(): void {
    this.#socket.destroy()
  }
}
