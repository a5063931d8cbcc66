/** Frames: what was written is read, in any pieces; what is no frame is refused by record and byte. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MigrationError } from '../../src/migration/error.js'
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  HEADER_BYTES,
  Type,
  type TypeName,
} from '../../src/migration/frame.js'
import {
  bodyOf,
  encodeAnswer,
  encodeHello,
  encodePages,
  encodePrepare,
  encodeQuery,
  encodeReady,
  encodeRound,
  encodeStart,
  encodeText,
  readAnswer,
  readHello,
  readPages,
  readPrepare,
  readQuery,
  readReady,
  readRound,
  readStart,
  readText,
} from '../../src/migration/records.js'

const ID = '00112233445566778899aabbccddeeff'

function decoder(trusted = true): FrameDecoder {
  const made = new FrameDecoder('peer')
  if (trusted) made.trust()
  return made
}

function framesOf(bytes: Uint8Array, cuts: readonly number[] = [], trusted = true): Frame[] {
  const reader = decoder(trusted)
  const frames: Frame[] = []
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  for (const [i, from] of [0, ...places].entries()) {
    reader.push(bytes.subarray(from, places[i] ?? bytes.length))
    for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame)
  }
  return frames
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(MigrationError)
    return (error as Error).message
  }
  return 'nothing'
}

const stream = (...records: readonly [TypeName, Uint8Array, Uint8Array?][]): Buffer =>
  Buffer.concat(
    records.flatMap(([type, body, data], i) => [
      ...encodeFrame(type, i, body, data?.length ?? 0),
      ...(data ? [data] : []),
    ]),
  )

const changed = (bytes: Buffer, at: number, write: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes)
  write(copy)
  expect(at).toBeLessThan(bytes.length)
  return copy
}

describe('frames', () => {
  const page = Buffer.alloc(4096, 7)
  const bytes = stream(
    ['ROUND', encodeRound(3, 17)],
    ['PAGES', encodePages([{ page: 5, pages: 1, hash: 9n }]), page],
    ['SYNC', Buffer.alloc(0)],
  )

  it('are read as they were written, in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length })), (cuts) => {
        const frames = framesOf(bytes, cuts)
        expect(frames.map(({ type, number }) => [type, number])).toEqual([
          ['ROUND', 0],
          ['PAGES', 1],
          ['SYNC', 2],
        ])
        expect(Buffer.concat(frames[1]!.data).equals(page)).toBe(true)
        expect(frames[1]!.at).toBe(HEADER_BYTES + 12)
      }),
    )
  })

  it.each([
    [
      'an unknown type',
      0,
      (b: Buffer) => b.writeUInt16LE(99, 0),
      /record 0, byte 0: the type is 99; expected 1 to 19/,
    ],
    [
      'a reserved field',
      2,
      (b: Buffer) => b.writeUInt16LE(1, 2),
      /byte 2: a reserved field is 1; expected 0/,
    ],
    [
      'a body too long',
      4,
      (b: Buffer) => b.writeUInt32LE(65, 4),
      /the body of a ROUND has 65 bytes; expected at most 64/,
    ],
    [
      'data where none is',
      8,
      (b: Buffer) => b.writeUInt32LE(1, 8),
      /the data of a ROUND has 1 bytes; expected at most 0/,
    ],
    ['another number', 12, (b: Buffer) => b.writeUInt32LE(4, 12), /says it is number 4; expected 0/],
    [
      'another checksum',
      16,
      (b: Buffer) => b.writeUInt32LE(4, 16),
      /record 0 \(ROUND\), byte 16: it is damaged/,
    ],
    ['a changed body', 25, (b: Buffer) => b.writeUInt8(4, 25), /it is damaged: its CRC-32 is another/],
  ])('%s is refused by record and byte', (_, at, write, expected) => {
    expect(refusal(() => framesOf(changed(bytes, at, write)))).toMatch(expected)
  })

  it('are refused from a stranger, but for the first three', () => {
    expect(framesOf(stream(['REFUSED', encodeText('no')]), [], false)).toHaveLength(1)
    expect(refusal(() => framesOf(bytes, [], false))).toMatch(
      /this is a ROUND before both sides are known; expected HELLO, PROOF, REFUSED/,
    )
  })

  it('no length makes the reader hold more than a record', () => {
    for (const type of Object.keys(Type) as TypeName[]) {
      const header = encodeFrame(type, 0, Buffer.alloc(0))[0]!
      header.writeUInt32LE(0xffffffff, 4)
      expect(refusal(() => framesOf(header))).toMatch(/expected at most \d+/)
    }
  })

  it('anything at all is read or refused, in the time its bytes take', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat({ max: bytes.length - 1 }),
        fc.array(fc.nat(300)),
        (noise, at, cuts) => {
          const mixed = Buffer.concat([bytes.subarray(0, at), noise])
          try {
            framesOf(mixed, cuts)
          } catch (error) {
            expect(error).toBeInstanceOf(MigrationError)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

const MAKE = {
  model: 'pseries',
  ramBytes: 1 << 20,
  cpuHz: 1_000_000_000n,
  tbHz: 512_000_000n,
  decBits: 56,
  cpus: 2,
} as const
const NOBODY = { id: ID, fileName: '', text: '', seed: 0, guest: '', host: '', policy: '', beginNs: 0n }

describe('records', () => {
  const read = <T>(body: Buffer, reader: (from: ReturnType<typeof bodyOf>) => T): T =>
    reader(bodyOf({ type: 'START', body, data: [], number: 7, at: 1000 }, 'peer'))

  it('are read as they were written', () => {
    const start = {
      id: ID,
      fileName: 'a.yaml',
      text: 'name: ä',
      seed: 12,
      guest: 'g',
      host: 'a',
      policy: 'kvm-qemu',
      beginNs: 5n,
      memoryBytes: 1 << 20,
      make: null,
    }
    expect(read(encodeStart(start), readStart)).toEqual(start)
    const code = { ...start, make: MAKE }
    expect(read(encodeStart(code), readStart)).toEqual(code)
    const hello = { oldest: 1, newest: 2, offered: 3n, required: 1n, nonce: new Uint8Array(32).fill(5) }
    expect(read(encodeHello(hello), readHello)).toMatchObject({
      oldest: 1,
      newest: 2,
      offered: 3n,
      required: 1n,
    })
    expect(read(encodeReady(ID, 'b'), readReady)).toEqual({ identity: ID, host: 'b' })
    expect(read(encodeRound(3, 99), readRound)).toEqual({ number: 3, pages: 99n })
    expect(read(encodeQuery(ID, ID), readQuery)).toEqual({ id: ID, identity: ID })
    expect(read(encodeAnswer(ID, 'owned'), readAnswer)).toEqual({ id: ID, answer: 'owned' })
    expect(read(encodeText('it is\nfull\x1b[31m'), readText)).toBe('it is full [31m')
    const prepare = { id: ID, stopNs: 1n, saveNs: 2n, landNs: 3n, wasRunning: true, observations: 4 }
    expect(read(encodePrepare(prepare, [Buffer.from('abc')]), readPrepare)).toEqual({
      ...prepare,
      sections: Buffer.from('abc'),
    })
  })

  it.each([
    [
      'pages outside of memory',
      () => read(encodePages([{ page: 9, pages: 2, hash: 0n }]), (from) => readPages(from, 10, 8192)),
      /record 7 \(START\), byte 1000, field at 4: a run of 2 pages from 9; expected some of 10/,
    ],
    [
      'fewer bytes than pages',
      () => read(encodePages([{ page: 1, pages: 2, hash: 0n }]), (from) => readPages(from, 10, 4096)),
      /2 pages and 4096 bytes of data; expected 4096 a page/,
    ],
    [
      'more runs than there can be',
      () => read(Buffer.from([1, 1, 0, 0]), (from) => readPages(from, 10, 0)),
      /the number of runs is 257; expected at most 256/,
    ],
    [
      'no migration',
      () => read(Buffer.from('GET / HTTP/1.1\r\n'), readHello),
      /this is no migration; expected/,
    ],
    [
      'instants out of order',
      () =>
        read(
          encodePrepare(
            { id: ID, stopNs: 5n, saveNs: 4n, landNs: 9n, wasRunning: true, observations: 0 },
            [],
          ),
          readPrepare,
        ),
      /stop 5, save 4, landing 9; expected them in this order/,
    ],
    [
      'a body that ends',
      () => read(encodeReady(ID, 'b').subarray(0, 18), readReady),
      /field at 16: 2 bytes are left; expected the 4 of the length of the host/,
    ],
    [
      'a body that goes on',
      () => read(Buffer.concat([encodeReady(ID, 'b'), Buffer.alloc(1)]), readReady),
      /1 bytes too many/,
    ],
    [
      'a guest of a terabyte',
      () =>
        read(
          Buffer.concat([
            encodeStart({
              id: ID,
              fileName: '',
              text: '',
              seed: 0,
              guest: '',
              host: '',
              policy: '',
              beginNs: 0n,
              memoryBytes: 0,
              make: null,
            }).subarray(0, -8),
            Buffer.from([0, 0, 0, 0, 0, 1, 0, 0]),
          ]),
          readStart,
        ),
      /the memory is 1099511627776; expected at most 2147483648/,
    ],
    [
      'more memory than its machine has',
      () => read(encodeStart({ ...NOBODY, memoryBytes: 2 << 20, make: MAKE }), readStart),
      /the memory has 2097152 bytes; expected at most 1048576/,
    ],
    [
      'a kernel model of 2 GiB',
      () => read(encodeStart({ ...NOBODY, memoryBytes: 2 ** 31, make: null }), readStart),
      /the memory has 2147483648 bytes; expected at most 1073741824/,
    ],
    [
      'a machine of 3 GiB',
      () =>
        read(encodeStart({ ...NOBODY, memoryBytes: 0, make: { ...MAKE, ramBytes: 3 * 2 ** 30 } }), readStart),
      /the memory has 3221225472 bytes; expected whole pages, at most 2147483648 bytes/,
    ],
    [
      'an answer that is none',
      () => read(Buffer.concat([Buffer.from(ID, 'hex'), Buffer.from([3])]), readAnswer),
      /the answer is 3; expected 0 to 2/,
    ],
  ])('%s: refused', (_, work, expected) => {
    expect(refusal(work)).toMatch(expected)
  })
})
