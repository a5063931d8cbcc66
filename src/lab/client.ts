/**
 * The page's side of its Worker: one request at a time, and of requests that wait only the latest of each kind, so
 * that a page on which much is turned never works off what nobody wants to see any more.
 */
import type { Calls, Kind, Problem, Reply, Request } from './protocol.js'

/** A newer request of the same kind took its place. */
export class Superseded extends Error {
  override readonly name = 'Superseded'
}

/** The Worker refused; `problem` says what and where. */
export class Refused extends Error {
  override readonly name = 'Refused'
  constructor(readonly problem: Problem) {
    super(problem.message)
  }
}

interface Call {
  readonly id: number
  readonly kind: Kind
  readonly ask: unknown
  resolve(answer: unknown): void
  reject(error: Error): void
}

/** Those in front are answered first. */
const ORDER: readonly Kind[] = ['turn', 'run', 'draw', 'read', 'step', 'look', 'export', 'column']
/** Longer than this a run that is not wanted any more is not waited for. */
const PATIENCE_MS = 1000

export class Client {
  #worker: Worker
  #nextId = 0
  #running: Call | null = null
  readonly #waiting = new Map<string, Call>()

  constructor() {
    this.#worker = this.#start()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker/worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data)
    worker.onerror = (event) => this.#fail(event.message || 'the Worker could not be started')
    return worker
  }

  /** Rejects with Refused or Superseded. */
  call<K extends Kind>(kind: K, ask: Calls[K]['ask']): Promise<Calls[K]['answer']> {
    return new Promise((resolve, reject) => {
      const call: Call = { id: this.#nextId++, kind, ask, resolve: resolve as Call['resolve'], reject }
      const key = keyOf(kind, ask)
      this.#waiting.get(key)?.reject(new Superseded())
      this.#waiting.set(key, call)
      if (kind === 'run') this.#dropStale()
      this.#send()
    })
  }

  /** What was asked of the run before is of no use now. */
  #dropStale(): void {
    for (const [key, call] of this.#waiting) {
      if (call.kind === 'run' || call.kind === 'turn') continue
      this.#waiting.delete(key)
      call.reject(new Superseded())
    }
    const { id } = this.#running ?? {}
    if (id === undefined) return
    setTimeout(() => {
      if (this.#running?.id !== id || !this.#waiting.has('run')) return
      this.#worker.terminate()
      this.#running.reject(new Superseded())
      this.#running = null
      this.#worker = this.#start()
      this.#send()
    }, PATIENCE_MS)
  }

  #send(): void {
    if (this.#running) return
    for (const kind of ORDER) {
      for (const [key, call] of this.#waiting) {
        if (call.kind !== kind) continue
        this.#waiting.delete(key)
        this.#running = call
        this.#worker.postMessage({ id: call.id, kind, ask: call.ask } as Request)
        return
      }
    }
  }

  #receive(reply: Reply): void {
    const call = this.#running
    if (call?.id !== reply.id) return
    this.#running = null
    if ('problem' in reply) call.reject(new Refused(reply.problem))
    else call.resolve(reply.answer)
    this.#send()
  }

  #fail(message: string): void {
    this.#running?.reject(new Refused({ line: null, column: null, message }))
    this.#running = null
    this.#send()
  }
}

/** Requests that take each other's place. */
function keyOf(kind: Kind, ask: unknown): string {
  const { side, policy } = ask as { side?: number; policy?: string }
  return [kind, side, policy].filter((part) => part !== undefined).join(' ')
}
