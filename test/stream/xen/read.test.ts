/** Streams put together with the writer: what the format allows, and what has to be refused, and how. */

import { describe, expect, it } from 'vitest'
import { xenFacts, xenStreamTime } from '../../../src/stream/xen/facts.js'
import type { Item } from '../../../src/stream/xen/item.js'
import { readXenSave } from '../../../src/stream/xen/save.js'
import { filesFolder } from '../../helpers/folder.js'
import { bytesOf, header, itemsOf, libxl, pvInfo, pvStream, record, tscInfo } from './streams.js'

const { put } = filesFolder()
let files = 0
const file = (items: Iterable<Item>, patch: (bytes: Buffer) => void = () => {}) => {
  const bytes = bytesOf(items)
  patch(bytes)
  return put(`${files++}.xl`, bytes)
}
const read = (items: Iterable<Item>, patch?: (bytes: Buffer) => void) => readXenSave(file(items, patch))

const pages = (...entries: bigint[]): Item => ({ kind: 'pages', pfns: BigUint64Array.from(entries) })
const page = (entry: bigint, bytes: Buffer = Buffer.alloc(4096)): Item => ({ kind: 'page', entry, bytes })
const XTAB = 0xfn << 60n

/** A vcpu_time_info at a byte of a page of zeros. */
function timePage(offset: number, systemTime: bigint, mul = 3579139413, shift = -1, version = 2): Buffer {
  const bytes = Buffer.alloc(4096)
  bytes.writeUInt32LE(version, offset)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, (systemTime * 24n) / 10n), offset + 8)
  bytes.writeBigUInt64LE(systemTime, offset + 16)
  bytes.writeUInt32LE(mul, offset + 24)
  bytes.writeInt8(shift, offset + 28)
  return bytes
}

describe('what the format allows', () => {
  it('is written and read again, bare, in libxl’s records and with checkpoints', () => {
    const inner = pvStream(tscInfo(2, 0, 0n))
    const begin: Item = { kind: 'libxl-header', version: 2, options: 0 }
    const checkpoints = [
      begin,
      libxl('LIBXC_CONTEXT'),
      ...inner.slice(0, -1),
      record('CHECKPOINT'),
      libxl('EMULATOR_CONTEXT'),
      libxl('CHECKPOINT_END'),
      tscInfo(2, 0, 0n, 7),
      record('END'),
      libxl('END'),
    ]
    for (const items of [inner, [begin, libxl('LIBXC_CONTEXT'), ...inner, libxl('END')], checkpoints]) {
      const path = file(items)
      expect(bytesOf(itemsOf(path)).equals(bytesOf(items))).toBe(true)
      expect(readXenSave(path).tsc).toMatchObject({ mode: 2 })
    }
    expect(read(checkpoints).tsc!.incarnation).toBe(7)
  })

  it('has version 2, without STATIC_DATA_END and the policies', () => {
    const save = read([header(2), pvInfo(), pages(5n), page(5n), tscInfo(0, 2400000, 1n), record('END')])
    expect(save.libxc).toMatchObject({ version: 2, xenMinor: 10 })
    expect(save.pagesWithData).toBe(1)
  })

  it('keeps what is reserved or padding as it was', () => {
    const path = file(pvStream(record(0x80000009, Buffer.from('odd'))), (bytes) => {
      bytes[18] = 1
      bytes[30] = 2
      bytes[bytes.length - 9] = 3
    })
    const bytes = bytesOf(itemsOf(path))
    expect([bytes[18], bytes[30], bytes.at(-9)]).toEqual([1, 2, 3])
  })

  it('passes over optional records, also of types that it does not know', () => {
    const save = read(pvStream(record(0x80000001, Buffer.from('anything')), tscInfo(1, 2400000, 5n)))
    expect(save.records.map(({ name }) => name)).toContain('optional 0x80000001')
    expect(save.tsc!.nsec).toBe(5n)
  })

  it('has entries without data, and reads MSRs and 32-bit guests', () => {
    const shared = Buffer.alloc(4096)
    shared.writeUInt32LE(6, 2304)
    shared.writeUInt32LE(1_700_000_000, 2308)
    shared.writeUInt32LE(1, 2340)
    const msrs = Buffer.alloc(8 + 16)
    msrs.writeUInt32LE(3, 0)
    msrs.writeUInt32LE(0xc0000103, 8)
    msrs.writeBigUInt64LE(9n, 16)
    const save = read([
      header(),
      record('STATIC_DATA_END'),
      pvInfo(4),
      pages(XTAB | 7n, 8n, (0xen << 60n) | 9n),
      page(8n),
      record('SHARED_INFO', shared),
      record('X86_PV_VCPU_MSRS', msrs),
      record('END'),
    ])
    expect(Object.fromEntries(save.pageTypes)).toEqual({ NOTAB: 1, XALLOC: 1, XTAB: 1 })
    expect(save.sharedInfo).toMatchObject({ wc_version: 6, wc_sec: 1_700_000_000, wc_sec_hi: 1 })
    expect(save.vcpus).toMatchObject([{ id: 3, msrs: [{ index: 0xc0000103, value: 9n }] }])
  })
})

describe('the live time page', () => {
  const SECOND = 1_000_000_000n
  const stream = (...found: readonly (readonly [pfn: bigint, bytes: Buffer])[]) => {
    const items = found.flatMap(([pfn, bytes]) => [pages(pfn), page(pfn, bytes)])
    return read(pvStream(...items, tscInfo(0, 2400000, 50n * SECOND)))
  }

  it('is the latest of those with the domain’s scale', () => {
    const facts = xenFacts(
      stream(
        [1n, timePage(32, 10n * SECOND)],
        [2n, timePage(64, 12n * SECOND)],
        [3n, timePage(32, 11n * SECOND)],
        [4n, timePage(32, 90n * SECOND, 3579139412)],
      ),
    )
    expect(facts.live).toMatchObject([{ pfn: 2n, offset: 64 }])
    expect(facts.emulated).toBe(true)
  })

  it('is none with an odd version, a padding, another rate or a time before the host’s boot', () => {
    const padded = timePage(32, SECOND)
    padded[62] = 1
    const facts = xenFacts(
      stream(
        [1n, timePage(32, SECOND, 3579139413, -1, 3)],
        [2n, padded],
        [3n, timePage(32, SECOND, 2579139413)],
        [4n, timePage(32, (1n << 63n) + 5n)],
      ),
    )
    expect(facts.live).toEqual([])
    expect(facts.page).toBeNull()
  })

  it('lies in a vcpu_info where a copy is as late', () => {
    const facts = xenFacts(stream([1n, timePage(48, SECOND)], [2n, timePage(96, SECOND)]))
    expect(facts.live).toMatchObject([{ pfn: 2n, offset: 96 }])
  })

  it('is native in default mode if its scale is near and not the domain’s', () => {
    const facts = xenFacts(stream([1n, timePage(32, SECOND, 3579139400)]))
    expect(facts).toMatchObject({ emulated: false, tsc: null, systemTimeNs: SECOND })
  })

  const shared = (bytes: Buffer): Item => record('SHARED_INFO', bytes)

  it('is that of SHARED_INFO until the guest has another: copies are not later', () => {
    const copies = [pages(1n, 2n), page(1n, timePage(32, 10n * SECOND)), page(2n, timePage(32, 20n * SECOND))]
    const stale = (at: bigint) =>
      xenFacts(read(pvStream(...copies, tscInfo(0, 2400000, 50n * SECOND), shared(timePage(32, at)))))
    expect(stale(20n * SECOND)).toMatchObject({ live: [], pageFrom: 'SHARED_INFO, vcpu_info[0]' })
    expect(stale(19n * SECOND).live).toMatchObject([{ pfn: 2n }])
  })

  it('is of this boot of the host: a copy from the one before is later and does not count', () => {
    const before = timePage(32, 900n * SECOND)
    before.writeBigUInt64LE(48n * SECOND, 40)
    const facts = xenFacts(
      read(
        pvStream(
          pages(1n, 2n),
          page(1n, before),
          page(2n, timePage(32, 25n * SECOND)),
          tscInfo(0, 2400000, 50n * SECOND),
          shared(timePage(32, 20n * SECOND)),
        ),
      ),
    )
    expect(facts.live).toMatchObject([{ pfn: 2n }])
  })

  it('of an HVM guest is the one of the latest TSC, which goes on from host to host', () => {
    const context = Buffer.alloc(8 + 24 + 8 + 1032 + 8)
    context.writeUInt16LE(1, 0)
    context.writeUInt32LE(24, 4)
    context.writeUInt32LE(0x54381286, 8)
    context.writeUInt16LE(2, 32)
    context.writeUInt32LE(1032, 36)
    context.writeBigUInt64LE(100n * SECOND, 40 + 1008)
    const found = (systemTime: bigint, tsc: bigint) => {
      const bytes = timePage(32, systemTime)
      bytes.writeBigUInt64LE(tsc, 40)
      return bytes
    }
    const facts = xenFacts(
      read([
        header(3, 2),
        record('STATIC_DATA_END'),
        pages(1n, 2n, 3n),
        page(1n, found(900n * SECOND, 80n * SECOND)),
        page(2n, found(25n * SECOND, 90n * SECOND)),
        page(3n, found(950n * SECOND, 110n * SECOND)),
        tscInfo(0, 2400000, 50n * SECOND),
        record('HVM_CONTEXT', context),
        record('END'),
      ]),
    )
    expect(facts.live).toMatchObject([{ pfn: 2n }])
    expect(facts.tsc).toBe(100n * SECOND)
  })

  it('gives nothing to begin with where there is none', () => {
    const save = read(pvStream(tscInfo(0, 2400000, 5n)))
    expect(xenStreamTime(save, xenFacts(save))).toBeNull()
    const modes = [2, 3].map((mode) =>
      read(pvStream(pages(1n), page(1n, timePage(32, SECOND)), tscInfo(mode, 2400000, 5n))),
    )
    expect(modes.map((one) => xenStreamTime(one, xenFacts(one)) === null)).toEqual([false, true])
  })
})

describe('what has to be refused, with its record and byte', () => {
  const HVM = [header(3, 2), record('STATIC_DATA_END')]
  const xl: Item = {
    kind: 'xl-header',
    byteOrder: 0x01020304,
    mandatoryFlags: 3,
    optionalFlags: 0,
    data: Buffer.of(),
  }
  it.each<[string, Item[], string, ((bytes: Buffer) => void)?]>([
    [
      'an unknown record',
      pvStream(record(0x13)),
      'record 0x13 at byte 64: it is unknown here and not optional',
    ],
    [
      'a record of version 3 in version 2',
      [header(2), record('STATIC_DATA_END')],
      'record 0x10 at byte 40: it is unk',
    ],
    [
      'an HVM record of a PV guest',
      pvStream(record('HVM_PARAMS', Buffer.alloc(8))),
      'record 0xa at byte 64: it is unk',
    ],
    ['a PV record of an HVM guest', [...HVM, pvInfo()], 'record 0x2 at byte 48: it is unknown here'],
    [
      'pages too early',
      [header(), pages(1n), page(1n)],
      'record PAGE_DATA at byte 40: it comes before STATIC_DATA_END',
    ],
    [
      'a short TSC_INFO',
      pvStream(record('X86_TSC_INFO', Buffer.alloc(16))),
      'its body has 16 bytes; expected 24',
    ],
    [
      'a short SHARED_INFO',
      pvStream(record('SHARED_INFO', Buffer.alloc(4088))),
      'has 4088 bytes; expected 4096',
    ],
    [
      'END with a body',
      pvStream(record('END', Buffer.alloc(8))),
      'record END at byte 64: its body has 8 bytes; expected 0',
    ],
    [
      'a torn MSR',
      pvStream(record('X86_PV_VCPU_MSRS', Buffer.alloc(20))),
      'has 20 bytes; expected 8 and a multiple of 16',
    ],
    [
      'SHARED_INFO before its width',
      [header(), record('STATIC_DATA_END'), record('SHARED_INFO', Buffer.alloc(4096))],
      'it comes before X86_PV_INFO',
    ],
    ['a width', pvStream(record('X86_PV_INFO', Buffer.alloc(8))), 'guest_width is 0; expected 4 or 8'],
    [
      'frames that do not fit',
      pvStream(record('X86_PV_P2M_FRAMES', Buffer.alloc(24))),
      'it has 2 frames for the pfns 0 to 0; expected 1',
    ],
    [
      'a vCPU of another size',
      pvStream(record('X86_PV_VCPU_BASIC', Buffer.alloc(108))),
      'its context has 100 bytes; expected 5168',
    ],
    [
      'an HVM context without header',
      [...HVM, record('HVM_CONTEXT', Buffer.alloc(8))],
      'its first save record is END; expected HEADER',
    ],
    [
      'an unknown page type',
      pvStream(pages(5n << 60n)),
      'a page has the type 0x5; expected a known one',
      (b) => b.writeUInt32LE(16, 68),
    ],
    [
      'a page count that does not fit',
      pvStream(pages(1n), page(1n)),
      'it has 3000 pages; expected 1 to 513',
      (b) => b.writeUInt32LE(3000, 72),
    ],
    [
      'a page missing',
      pvStream(pages(1n), page(1n)),
      'expected 4112 for 1 pages with data of 1',
      (b) => b.writeUInt32LE(16, 68),
    ],
    [
      'a length beyond the file',
      pvStream(tscInfo(0, 1, 1n)),
      'has 4294967295 bytes; expected at most the',
      (b) => b.writeUInt32LE(0xffffffff, 68),
    ],
    [
      'another version',
      pvStream(),
      'libxc header at byte 0: the version is 4; expected 2 or 3',
      (b) => b.writeUInt32BE(4, 12),
    ],
    [
      'big-endian',
      pvStream(),
      'the options are 0x1; expected 0: little-endian',
      (b) => b.writeUInt16BE(1, 16),
    ],
    [
      'another domain',
      pvStream(),
      'the domain type is 0x4; expected 1 (PV) or 2 (HVM)',
      (b) => b.writeUInt32LE(4, 24),
    ],
    [
      'pages of another size',
      pvStream(),
      'the page shift is 14; expected 12',
      (b) => b.writeUInt16LE(14, 28),
    ],
    ['a legacy file', [xl], 'xl header at byte 0: this is a legacy stream', (b) => b.writeUInt32LE(1, 36)],
    [
      'an unknown flag',
      [xl],
      'the mandatory flags are 0x7; expected none but 0x3',
      (b) => b.writeUInt32LE(7, 36),
    ],
    ['another byte order', [xl], 'the byte order is 0x4030201', (b) => b.writeUInt32BE(0x01020304, 32)],
    [
      'large optional data',
      [xl],
      'the optional data has 4294967295 bytes; expected at most 1048576',
      (b) => b.writeUInt32LE(0xffffffff, 44),
    ],
    ['more after the end', [...pvStream(), record('END')], 'byte 72: 8 bytes come after the last record'],
  ])('%s', (_, items, message, patch) => {
    expect(() => read(items, patch)).toThrow(message)
  })
})
