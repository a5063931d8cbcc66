/**
 * What the records say: their bodies as fields. `text` is a u32 length and UTF-8, `blob` a u32 length and bytes, an id 16
 * bytes; times are true ns.
 *
 *   HELLO    8 bytes "CHVMIGR\n" · u32 oldest and u32 newest version it speaks · u64 features it offers · u64 of these it
 *            insists on · 32 bytes nonce
 *   PROOF    32 bytes: see secure.ts
 *   REFUSED  text why
 *   START    id · text file name, text YAML, u64 seed of the scenario · text guest · text its host · text policy ·
 *            u64 begin · u64 bytes of memory · of machine code: text model · u64 bytes of memory · u64 cpu_hz · u64 tb_hz ·
 *            u32 dec_bits · u32 vcpus
 *   READY    16 bytes identity of the receiver: it is asked again by this name · text its host
 *   PAGES    u32 n · n × (u32 first page · u32 pages · u64 XXH64 of them, seed 0) · data: the pages
 *   LOG      observations, 40 bytes each as in assembly/observe.ts
 *   TEXT     of machine code: what it printed since the last, one byte a character
 *   ROUND    u32 number · u64 pages sent in it              ROUND_DONE  u32 number
 *   SYNC     nothing: put on the disk what has come         SYNCED      nothing: it is there
 *   PREPARE  id · u64 stop · u64 save · u64 landing · u8 it ran · u64 observations in all · blob sections of the guest in
 *            flight (snapshot/format.ts)
 *   PREPARED, COMMIT, OWNED, DONE  id
 *   QUERY    id · 16 bytes identity of the receiver         ANSWER      id · u8 0 never, 1 owned, 2 not that receiver
 */
import type { PowerMake } from '../power/machine.js'
import { ByteReader, ByteWriter } from '../snapshot/bytes.js'
import { makeContent, readMake } from '../snapshot/code.js'
import { MAX_MEMORY, MAX_POWER_MEMORY } from '../snapshot/memory.js'
import { MigrationError } from './error.js'
import type { Frame } from './frame.js'

export const VERSION = 1
/** Bits of HELLO. */
export const Feature = { secret: 1n, observations: 2n, code: 4n } as const
const MAGIC = Buffer.from('CHVMIGR\n')
export const NONCE_BYTES = 32
export const ID_BYTES = 16
/** Runs in one PAGES: as many pages as its data can have. */
export const MAX_RUNS = 256

export interface Hello {
  readonly oldest: number
  readonly newest: number
  readonly offered: bigint
  readonly required: bigint
  readonly nonce: Uint8Array
}
export interface Start {
  readonly id: string
  readonly fileName: string
  readonly text: string
  readonly seed: number
  readonly guest: string
  readonly host: string
  readonly policy: string
  readonly beginNs: bigint
  readonly memoryBytes: number
  /** Of a guest that runs machine code. */
  readonly make: PowerMake | null
}
export interface PageRun {
  readonly page: number
  readonly pages: number
  readonly hash: bigint
}
export interface Prepare {
  readonly id: string
  readonly stopNs: bigint
  readonly saveNs: bigint
  readonly landNs: bigint
  readonly wasRunning: boolean
  readonly observations: number
  readonly sections: Buffer
}
export const ANSWERS = ['never', 'owned', 'stranger'] as const
export type Answer = (typeof ANSWERS)[number]

const join = (writer: ByteWriter): Buffer => Buffer.concat(writer.parts)
const idBytes = (id: string): Buffer => Buffer.from(id, 'hex')

export const encodeHello = ({ oldest, newest, offered, required, nonce }: Hello): Buffer =>
  join(new ByteWriter().bytes(MAGIC).u32(oldest).u32(newest).u64(offered).u64(required).bytes(nonce))
export const encodeText = (text: string): Buffer => join(new ByteWriter().text(text))
export const encodeId = idBytes
export const encodeStart = (start: Start): Buffer => {
  const body = new ByteWriter()
    .bytes(idBytes(start.id))
    .text(start.fileName)
    .text(start.text)
    .u64(BigInt(start.seed))
    .text(start.guest)
    .text(start.host)
    .text(start.policy)
    .u64(start.beginNs)
    .u64(BigInt(start.memoryBytes))
  return join(start.make ? makeContent(body, start.make) : body)
}
export const encodeReady = (identity: string, host: string): Buffer =>
  join(new ByteWriter().bytes(idBytes(identity)).text(host))
export const encodePages = (runs: readonly PageRun[]): Buffer => {
  const body = Buffer.alloc(pagesBodyBytes(runs.length))
  body.writeUInt32LE(runs.length, 0)
  runs.forEach(({ page, pages, hash }, i) => {
    body.writeUInt32LE(page, 4 + 16 * i)
    body.writeUInt32LE(pages, 8 + 16 * i)
    body.writeBigUInt64LE(hash, 12 + 16 * i)
  })
  return body
}
export const pagesBodyBytes = (runs: number): number => 4 + 16 * runs
export const encodeRound = (number: number, pages: number): Buffer =>
  join(new ByteWriter().u32(number).u64(BigInt(pages)))
export const encodeRoundDone = (number: number): Buffer => join(new ByteWriter().u32(number))
export const encodePrepare = (prepare: Omit<Prepare, 'sections'>, sections: readonly Uint8Array[]): Buffer =>
  join(
    new ByteWriter()
      .bytes(idBytes(prepare.id))
      .u64(prepare.stopNs)
      .u64(prepare.saveNs)
      .u64(prepare.landNs)
      .u8(prepare.wasRunning ? 1 : 0)
      .u64(BigInt(prepare.observations))
      .blob(Buffer.concat(sections)),
  )
export const encodeQuery = (id: string, identity: string): Buffer =>
  Buffer.concat([idBytes(id), idBytes(identity)])
export const encodeAnswer = (id: string, answer: Answer): Buffer =>
  join(new ByteWriter().bytes(idBytes(id)).u8(ANSWERS.indexOf(answer)))

// ---- reading

/** A record's body, whose mistakes name the record and the byte in it. */
export function bodyOf(frame: Frame, peer: string): ByteReader {
  return new ByteReader(frame.body, (at, detail) => {
    throw new MigrationError(
      peer,
      `record ${frame.number} (${frame.type}), byte ${frame.at}, field at ${at}`,
      detail,
    )
  })
}

const id = (from: ByteReader, what = 'the id'): string =>
  Buffer.from(from.bytes(ID_BYTES, what)).toString('hex')

export function readHello(from: ByteReader): Hello {
  const magic = Buffer.from(from.bytes(MAGIC.length, 'the magic'))
  if (!magic.equals(MAGIC))
    from.refuse(`this is no migration; expected ${JSON.stringify(`${MAGIC}`)}`, MAGIC.length)
  const hello = {
    oldest: from.u32('the oldest version'),
    newest: from.u32('the newest version'),
    offered: from.u64('the features offered'),
    required: from.u64('the features required'),
    nonce: from.bytes(NONCE_BYTES, 'the nonce'),
  }
  if (hello.oldest > hello.newest)
    from.refuse(`versions ${hello.oldest} to ${hello.newest}; expected a range`)
  // A later version may say more.
  return hello
}

export function readProof(from: ByteReader): Uint8Array {
  const proof = from.bytes(32, 'the proof')
  from.end()
  return proof
}

/** Printable, on one line: it is shown to people. */
export function readText(from: ByteReader): string {
  const text = from.text('the text')
  from.end()
  return text.replace(/[^ -~\u00a0-\uffff]+/g, ' ')
}

export function readStart(from: ByteReader): Start {
  const start = {
    id: id(from),
    fileName: from.text('the file name'),
    text: from.text('the scenario'),
    seed: Number(small(from, 'the seed', Number.MAX_SAFE_INTEGER)),
    guest: from.text('the guest'),
    host: from.text('the host'),
    policy: from.text('the policy'),
    beginNs: from.u64('the begin'),
    memoryBytes: Number(small(from, 'the memory', MAX_POWER_MEMORY)),
  }
  const make = from.left > 0 ? readMake(from) : null
  if (start.memoryBytes > (make?.ramBytes ?? MAX_MEMORY))
    from.refuse(`the memory has ${start.memoryBytes} bytes; expected at most ${make?.ramBytes ?? MAX_MEMORY}`)
  from.end()
  return { ...start, make }
}

function small(from: ByteReader, what: string, most: number): bigint {
  const value = from.u64(what)
  if (value > BigInt(most)) from.refuse(`${what} is ${value}; expected at most ${most}`, 8)
  return value
}

export function readReady(from: ByteReader): { readonly identity: string; readonly host: string } {
  const ready = { identity: id(from, 'the identity'), host: from.text('the host') }
  from.end()
  return ready
}

/** The runs of a PAGES, inside `memoryPages` and as long as its data. */
export function readPages(from: ByteReader, memoryPages: number, dataBytes: number): PageRun[] {
  const runs: PageRun[] = []
  let all = 0
  for (let left = from.count('runs', 16, MAX_RUNS); left > 0; left--) {
    const page = from.u32('the first page')
    const pages = from.u32('the number of pages')
    if (pages === 0 || page + pages > memoryPages)
      from.refuse(`a run of ${pages} pages from ${page}; expected some of ${memoryPages}`, 8)
    runs.push({ page, pages, hash: from.u64('the hash') })
    all += pages
  }
  from.end()
  if (all * 4096 !== dataBytes)
    from.refuse(`${all} pages and ${dataBytes} bytes of data; expected 4096 a page`)
  return runs
}

export function readRound(from: ByteReader): { readonly number: number; readonly pages: bigint } {
  const round = { number: from.u32('the number'), pages: from.u64('the pages') }
  from.end()
  return round
}

export function readRoundDone(from: ByteReader): number {
  const number = from.u32('the number')
  from.end()
  return number
}

export function readPrepare(from: ByteReader): Prepare {
  const prepare = {
    id: id(from),
    stopNs: from.u64('the stop'),
    saveNs: from.u64('the save'),
    landNs: from.u64('the landing'),
    wasRunning: from.flag('it ran'),
    observations: Number(small(from, 'the observations', Number.MAX_SAFE_INTEGER)),
    sections: Buffer.from(from.blob('the sections')),
  }
  from.end()
  const { stopNs, saveNs, landNs } = prepare
  if (!(stopNs <= saveNs && saveNs < landNs))
    from.refuse(`stop ${stopNs}, save ${saveNs}, landing ${landNs}; expected them in this order`)
  return prepare
}

export function readId(from: ByteReader): string {
  const read = id(from)
  from.end()
  return read
}

export function readQuery(from: ByteReader): { readonly id: string; readonly identity: string } {
  const query = { id: id(from), identity: id(from, 'the identity') }
  from.end()
  return query
}

export function readAnswer(from: ByteReader): { readonly id: string; readonly answer: Answer } {
  const about = id(from)
  const number = from.u8('the answer')
  const answer = ANSWERS[number] ?? from.refuse(`the answer is ${number}; expected 0 to 2`, 1)
  from.end()
  return { id: about, answer }
}
