/**
 * Makes test data of recorded Xen streams.
 *
 *   npx tsx scripts/recordings/cut-xen.ts cut IN OUT.gz          every record, few pages
 *   npx tsx scripts/recordings/cut-xen.ts assemble FOLDER OUT.gz  a stream of single records' bodies
 *
 * `cut` keeps every record. Of a PAGE_DATA record it keeps the pages that hold a time page as they are; where there is
 * none, its first entry, and if that has data, zeros in place of it.
 *
 * `assemble` puts the bodies of a PV guest's records (libxc_NAME.bin, xl_config.json, guest_page_*_pfn_0xN.bin) behind
 * the headers of xl, libxl and libxc (version 3, Xen 4.17).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { StreamFile } from '../../src/stream/file.js'
import { LibxcRecord, type LibxcRecordName, LibxlRecord, PAGE_BYTES } from '../../src/stream/xen/format.js'
import type { Item, Page, PageBatch } from '../../src/stream/xen/item.js'
import { readXenStream } from '../../src/stream/xen/read.js'
import { TimePageSearch } from '../../src/stream/xen/time-page.js'
import { encodeStream, hasData } from '../../src/stream/xen/write.js'

const [command, from, to] = process.argv.slice(2)
if (!from || !to || (command !== 'cut' && command !== 'assemble')) {
  console.error('usage: cut-xen.ts cut IN OUT.gz | assemble FOLDER OUT.gz')
  process.exit(2)
}
const items = command === 'cut' ? cut(new StreamFile(from)) : assemble(from)
const bytes = Buffer.concat([...encodeStream(items)])
writeFileSync(to, gzipSync(bytes, { level: 9 }))
console.log(`${to}: ${bytes.length} bytes before gzip`)

function* cut(file: StreamFile): Generator<Item> {
  let batch: PageBatch | null = null
  let kept: Page[] = []
  for (const item of readXenStream(file)) {
    if (item.kind === 'page') {
      if (holdsTime(item)) kept.push({ ...item, bytes: Buffer.from(item.bytes) })
      continue
    }
    if (batch) yield* shortened(batch, kept)
    batch = item.kind === 'pages' ? item : null
    kept = []
    if (!batch) yield item
  }
}

function* shortened(batch: PageBatch, kept: readonly Page[]): Generator<Item> {
  const first = batch.pfns[0]!
  const pages: readonly Page[] =
    kept.length > 0
      ? kept
      : hasData(first)
        ? [{ kind: 'page', entry: first, bytes: Buffer.alloc(PAGE_BYTES) }]
        : []
  const entries = pages.length > 0 ? pages.map(({ entry }) => entry) : [first]
  yield { ...batch, pfns: BigUint64Array.from(entries) }
  yield* pages
}

/** A time page of the guests of these recordings, whose TSC runs at 2.3 GHz: its scale is near 2^31.8 and -1. */
function holdsTime({ bytes }: Page): boolean {
  const search = new TimePageSearch()
  search.look(0n, bytes, 0)
  return search.candidates.some(
    ({ tsc_shift, tsc_to_system_mul: mul }) => tsc_shift === -1 && mul > 3_600_000_000 && mul < 3_800_000_000,
  )
}

function* assemble(folder: string): Generator<Item> {
  const body = (name: LibxcRecordName) => readFileSync(join(folder, `libxc_${name}.bin`))
  const record = (name: LibxcRecordName): Item => ({
    kind: 'libxc-record',
    type: LibxcRecord[name],
    body: name === 'END' || name === 'STATIC_DATA_END' ? Buffer.alloc(0) : body(name),
  })
  const libxl = (type: number): Item => ({ kind: 'libxl-record', type, body: Buffer.alloc(0) })
  const config = readFileSync(join(folder, 'xl_config.json'))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(config.length)
  const data = Buffer.concat([length, config])
  yield { kind: 'xl-header', byteOrder: 0x01020304, mandatoryFlags: 3, optionalFlags: 0, data }
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
  for (const name of ['X86_PV_INFO', 'X86_CPUID_POLICY', 'X86_MSR_POLICY', 'STATIC_DATA_END'] as const)
    yield record(name)
  yield record('X86_PV_P2M_FRAMES')
  const page = readdirSync(folder).find((name) => name.startsWith('guest_page'))!
  const entry = BigInt(/pfn_(0x[0-9a-f]+)/.exec(page)![1]!)
  yield { kind: 'pages', pfns: BigUint64Array.of(entry) }
  yield { kind: 'page', entry, bytes: readFileSync(join(folder, page)) }
  yield record('X86_TSC_INFO')
  yield record('SHARED_INFO')
  for (const name of ['BASIC', 'EXTENDED', 'XSAVE'] as const) yield record(`X86_PV_VCPU_${name}`)
  yield record('END')
  yield libxl(LibxlRecord.END)
}
