/** The readers that the fuzzer feeds, with real files to begin from. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, gunzipSync, gzipSync } from 'node:zlib'
import { loadScenarioFile, ScenarioError } from '../../src/scenario/index.js'
import { SECTION_HEADER_BYTES } from '../../src/snapshot/format.js'
import { loadSnapshot, SnapshotError } from '../../src/snapshot/index.js'
import { StreamError } from '../../src/stream/error.js'
import { StreamFile } from '../../src/stream/file.js'
import { type QemuSection, type QemuStream, readSections } from '../../src/stream/qemu/sections.js'
import { readQemu } from '../../src/stream/qemu/time.js'
import { xenFacts } from '../../src/stream/xen/facts.js'
import { readXenStream } from '../../src/stream/xen/read.js'
import { readXenSave } from '../../src/stream/xen/save.js'
import { encodeItem } from '../../src/stream/xen/write.js'
import type { Seed } from './mutate.js'
import { wire } from './wire.js'

export interface Reader {
  readonly name: string
  /** Its part of the runs, beside the others': what takes longer has fewer. */
  readonly share: number
  readonly seeds: () => Seed[]
  /** Reads a file, or throws. */
  readonly read: (path: string) => void
  /** What a refusal lacks; null: nothing, it is of the right class and says where. */
  readonly lacks: (error: unknown) => string | null
}

const ROOT = new URL('../../', import.meta.url)
const data = (path: string): Buffer => readFileSync(new URL(`test/data/${path}`, ROOT))
const filesIn = (folder: string, end: RegExp): string[] =>
  readdirSync(fileURLToPath(new URL(folder, ROOT)))
    .filter((name) => end.test(name))
    .sort()

/** Of the two classes with a `where`. A file as a whole has none: its digest, its kind. */
function lacking(Type: typeof StreamError | typeof SnapshotError, whole: RegExp) {
  return (error: unknown): string | null => {
    if (!(error instanceof Type)) return `not a ${Type.name}`
    if (error.where === null && !whole.test(error.detail)) return 'no place'
    if (!/expected/.test(error.detail)) return 'nothing is expected'
    return /[\n\r]/.test(error.message) ? 'more than a line' : null
  }
}

function inFile<T>(bytes: Buffer, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-fuzz-'))
  try {
    writeFileSync(join(folder, 'seed'), bytes)
    return use(join(folder, 'seed'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

// ---- own snapshots

const HEADER = 32
const DIGEST = 32

const snapshot: Reader = {
  name: 'snapshot',
  share: 5,
  // One is packed again, which takes its time.
  seeds: () =>
    filesIn('test/data/snapshots', /\.chv$/).map((name, i) =>
      snapshotSeed(data(`snapshots/${name}`), i === 0),
    ),
  read: (path) => void loadSnapshot(path),
  lacks: lacking(SnapshotError, /SHA-256/),
}

/** Header, then the sections; joined they have right lengths and checksums. */
function snapshotSeed(file: Buffer, repack: boolean): Seed {
  const header = file.subarray(0, HEADER)
  const packed = file.subarray(HEADER, -DIGEST)
  const body = header.readUInt16LE(10) === 1 ? gunzipSync(packed) : packed
  const plain: Buffer = Buffer.from(header)
  plain.writeUInt16LE(repack ? 1 : 0, 10)
  const parts: Buffer[] = [plain]
  for (let at = 0; at < body.length; ) {
    const end = at + SECTION_HEADER_BYTES + Number(body.readBigUInt64LE(at + 8))
    parts.push(body.subarray(at, end))
    at = end
  }
  return { parts, text: [], join: ([first, ...sections]) => sealed(first!, sections, repack) }
}

function sealed(header: Buffer, sections: readonly Buffer[], gzip: boolean): Buffer {
  const whole = sections.map((section) => {
    if (section.length < SECTION_HEADER_BYTES) return section
    const copy = Buffer.from(section)
    copy.writeUInt32LE(crc32(copy.subarray(SECTION_HEADER_BYTES)), 4)
    copy.writeBigUInt64LE(BigInt(copy.length - SECTION_HEADER_BYTES), 8)
    return copy
  })
  const plain = Buffer.concat(whole)
  const body = gzip ? gzipSync(plain, { level: 1 }) : plain
  const head = Buffer.from(header)
  if (head.length === HEADER) {
    head.writeBigUInt64LE(BigInt(body.length), 16)
    head.writeBigUInt64LE(BigInt(plain.length), 24)
  }
  const file = Buffer.concat([head, body])
  return Buffer.concat([file, createHash('sha256').update(file).digest()])
}

// ---- QEMU

const qemu: Reader = {
  name: 'qemu',
  share: 20,
  seeds: () =>
    filesIn('test/data/qemu', /\.bin\.gz$/).map((name) => qemuSeed(gunzipSync(data(`qemu/${name}`)))),
  read: (path) => void readQemu(path),
  lacks: lacking(StreamError, /$^/),
}

/** Devices larger than that have nothing to do with time, and only make the files long. */
const LARGE_DEVICE = 20_000

interface DeviceJson {
  readonly name: string
  readonly instance_id: number
}

/** The sections, and the JSON description; joined the description has its right length. */
function qemuSeed(file: Buffer): Seed {
  const { sections, description } = sectionsIn(file)
  const json = JSON.parse(file.toString('utf8', description.at + 5)) as { devices: DeviceJson[] }
  const same = (device: DeviceJson) => (section: QemuSection) =>
    section.name === device.name && section.instance === device.instance_id
  const large = sections.filter((section) => {
    const told = JSON.stringify(json.devices.find((device) => same(device)(section)))
    return section.parts === 0 && section.bytes + told.length > LARGE_DEVICE
  })
  const kept: Buffer[] = []
  let at = 0
  for (const { name, at: content, bytes } of large) {
    // Before it stands the header of the section, behind it the footer.
    kept.push(file.subarray(at, content - (1 + 4 + 1 + name.length + 4 + 4)))
    at = content + bytes + 5
  }
  kept.push(file.subarray(at, description.at))
  const devices = json.devices.filter((device) => !large.some(same(device)))
  return {
    parts: [Buffer.concat(kept), Buffer.from(JSON.stringify({ ...json, devices }))],
    text: [1],
    join: ([body, text]) => {
      const head = Buffer.alloc(5, 6)
      head.writeUInt32BE(text!.length, 1)
      return Buffer.concat([body!, head, text!])
    },
  }
}

function sectionsIn(file: Buffer): QemuStream {
  return inFile(file, (path) => readSections(path, () => false))
}

// ---- Xen

const xen: Reader = {
  name: 'xen',
  share: 20,
  seeds: () => filesIn('test/data/xen', /\.xl\.gz$/).map((name) => xenSeed(gunzipSync(data(`xen/${name}`)))),
  read: (path) => void xenFacts(readXenSave(path)),
  lacks: lacking(StreamError, /$^/),
}

/** One part a record, those of pages with their pages; joined each has its right length. */
function xenSeed(file: Buffer): Seed {
  const records = new Set<number>()
  const parts: Buffer[] = []
  inFile(file, (path) => {
    const stream = new StreamFile(path)
    for (const item of readXenStream(stream)) {
      const bytes = Buffer.concat(encodeItem(item))
      if (item.kind === 'page') parts.push(Buffer.concat([parts.pop()!, bytes]))
      else parts.push(bytes)
      if (item.kind.endsWith('record') || item.kind === 'pages') records.add(parts.length - 1)
    }
    stream.close()
  })
  return {
    parts,
    join: (some) => Buffer.concat(some.map((part, i) => (records.has(i) ? recordOf(part) : part))),
  }
}

/** u32 type, u32 length of the body, body, up to a multiple of 8. */
function recordOf(part: Buffer): Buffer {
  if (part.length < 8) return part
  const record = Buffer.alloc((part.length + 7) & ~7)
  part.copy(record)
  // What was padding stays so.
  const before = part.readUInt32LE(4)
  const body = part.length - 8
  record.writeUInt32LE(before <= body && body - before < 8 ? before : body, 4)
  return record
}

// ---- scenarios

const scenario: Reader = {
  name: 'scenario',
  share: 5,
  seeds: () => {
    const folder = 'src/scenario/library/'
    return filesIn(folder, /\.yaml$/).map((name) => ({
      parts: [readFileSync(new URL(`${folder}${name}`, ROOT))],
      text: [0],
      join: ([text]) => text!,
    }))
  },
  read: (path) => void loadScenarioFile(path),
  lacks: (error) => {
    if (!(error instanceof ScenarioError)) return 'not a ScenarioError'
    if (error.position === null) return 'no line and column'
    return /[\n\r]/.test(error.message) ? 'more than a line' : null
  },
}

export const readers: readonly Reader[] = [snapshot, qemu, xen, wire, scenario]
