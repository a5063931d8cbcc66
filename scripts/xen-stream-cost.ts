/**
 * `npx tsx scripts/xen-stream-cost.ts [--json] [FILE]`: what it takes to read a saved guest of Xen whole: milliseconds,
 * and by how much the process grew. Without a file a stream of 96 MiB of guest memory is written first. Each round is a
 * process of its own that reads once, as `inspect` does; medians. Time is elapsed and that of the processor, of which
 * other programs take nothing.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { xenFacts } from '../src/stream/xen/facts.js'
import { LibxcRecord, LibxlRecord, PAGE_BYTES } from '../src/stream/xen/format.js'
import type { Item } from '../src/stream/xen/item.js'
import { readXenSave } from '../src/stream/xen/save.js'
import { encodeItem } from '../src/stream/xen/write.js'

const ROUNDS = 5
const PAGES = 24_576
const BATCH = 1024

interface Round {
  readonly elapsedMs: number
  readonly cpuMs: number
  readonly grewBytes: number
  readonly pages: number
}

const args = process.argv.slice(2).filter((arg) => arg !== '--json')
const json = process.argv.includes('--json')
if (args[0] === '--once') once(args[1]!)
else main(args[0])

/** In a process that has done nothing else. */
function once(path: string): void {
  const before = process.memoryUsage().rss
  const cpu = process.cpuUsage()
  const from = performance.now()
  const save = readXenSave(path)
  const { systemTimeNs } = xenFacts(save)
  const elapsedMs = performance.now() - from
  const { user, system } = process.cpuUsage(cpu)
  const cpuMs = (user + system) / 1000
  const grewBytes = process.resourceUsage().maxRSS * 1024 - before
  if (systemTimeNs === null) throw new Error('no time page was found')
  console.log(JSON.stringify({ elapsedMs, cpuMs, grewBytes, pages: save.pagesWithData } satisfies Round))
}

function main(given: string | undefined): void {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-xen-'))
  try {
    const path = given ?? write(join(folder, 'guest.xl'))
    const rounds = Array.from({ length: ROUNDS }, () => child(path))
    report(statSync(path).size, rounds)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function child(path: string): Round {
  const script = fileURLToPath(import.meta.url)
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), script, '--once', path],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Round
}

function report(bytes: number, rounds: readonly Round[]): void {
  const median = (key: keyof Round) =>
    rounds.map((round) => round[key]).sort((a, b) => a - b)[rounds.length >> 1]!
  const result = {
    bytes,
    pages: rounds[0]!.pages,
    elapsed_ms: Math.round(median('elapsedMs')),
    cpu_ms: Math.round(median('cpuMs')),
    grew_bytes: median('grewBytes'),
    rounds: rounds.length,
  }
  if (json) console.log(JSON.stringify(result))
  else
    console.log(
      `${result.bytes} bytes, ${result.pages} pages: ${result.elapsed_ms} ms, ${result.cpu_ms} ms of CPU, ${(result.grew_bytes / 2 ** 20).toFixed(1)} MiB more (medians of ${ROUNDS})`,
    )
}

/** A PV guest whose memory no compression or shortcut helps with, and a time page in it. */
function write(path: string): string {
  const file = openSync(path, 'wx')
  try {
    for (const item of guest()) for (const piece of encodeItem(item)) writeSync(file, piece)
  } finally {
    closeSync(file)
  }
  return path
}

function* guest(): Generator<Item> {
  const libxl = (type: number): Item => ({ kind: 'libxl-record', type, body: Buffer.alloc(0) })
  const record = (type: number, body = Buffer.alloc(0)): Item => ({ kind: 'libxc-record', type, body })
  yield {
    kind: 'xl-header',
    byteOrder: 0x01020304,
    mandatoryFlags: 3,
    optionalFlags: 0,
    data: Buffer.alloc(0),
  }
  yield { kind: 'libxl-header', version: 2, options: 0 }
  yield libxl(LibxlRecord.LIBXC_CONTEXT)
  yield {
    kind: 'libxc-header',
    version: 3,
    options: 0,
    domainType: 1,
    pageShift: 12,
    xenMajor: 4,
    xenMinor: 17,
  }
  yield record(LibxcRecord.X86_PV_INFO, Buffer.from([8, 4, 0, 0, 0, 0, 0, 0]))
  yield record(LibxcRecord.STATIC_DATA_END)
  yield* memory()
  const tsc = Buffer.alloc(24)
  tsc.writeUInt32LE(2_299_997, 4)
  tsc.writeBigUInt64LE(200_000_000_000n, 8)
  yield record(LibxcRecord.X86_TSC_INFO, tsc)
  yield record(LibxcRecord.SHARED_INFO, Buffer.alloc(PAGE_BYTES))
  yield record(LibxcRecord.END)
  yield libxl(LibxlRecord.END)
}

function* memory(): Generator<Item> {
  const bytes = Buffer.alloc(PAGE_BYTES)
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_BYTES / 4)
  let x = 1
  for (let first = 0; first < PAGES; first += BATCH) {
    const pfns = BigUint64Array.from({ length: BATCH }, (_, i) => BigInt(first + i))
    yield { kind: 'pages', pfns }
    for (const entry of pfns) {
      for (let i = 0; i < words.length; i++) {
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0
        words[i] = x
      }
      if (entry === BigInt(PAGES - 1)) putTime(bytes)
      yield { kind: 'page', entry, bytes }
    }
  }
}

function putTime(page: Buffer): void {
  page.fill(0, 0, 64)
  page.writeUInt32LE(8, 32)
  page.writeBigUInt64LE(229_999_700_000n, 40)
  page.writeBigUInt64LE(160_000_000_000n, 48)
  page.writeUInt32LE(3_734_759_041, 56)
  page.writeInt8(-1, 60)
}
