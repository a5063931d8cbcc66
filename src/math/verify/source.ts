/** A file's text in blocks of whole lines, unpacked if it begins as gzip does. */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { MathError } from '../limits.js'

const CHUNK = 1 << 20
const LINE_FEED = 0x0a
const GZIP = [0x1f, 0x8b]

/** Blocks end with a line feed; one is added where the file's last line has none. */
export async function* lineBlocks(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of unpacked(file)) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    if (end === 0) {
      rest = Buffer.concat([rest, chunk])
      if (rest.length > CHUNK)
        throw new MathError(`${file}: a line of more than ${CHUNK} bytes; expected CSV`)
      continue
    }
    yield rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([rest, chunk.subarray(0, end)])
    rest = chunk.subarray(end)
  }
  if (rest.length > 0) yield Buffer.concat([rest, Buffer.of(LINE_FEED)])
}

async function* unpacked(file: string): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = createReadStream(file, { highWaterMark: CHUNK })[
    Symbol.asyncIterator
  ]()
  const first = await chunks.next()
  if (first.done) return
  const all = (async function* () {
    yield first.value
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  })()
  if (GZIP.some((byte, i) => first.value[i] !== byte)) {
    yield* all
    return
  }
  try {
    // What goes wrong is thrown where the unpacked bytes are read.
    yield* pipeline(all, createGunzip({ chunkSize: CHUNK }), () => {})
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new MathError(`${file}: the gzip data is damaged or cut off: ${why}`)
  }
}
