/** What is wrong with a QEMU stream is one clear error with section and byte. */

import { describe, expect, it } from 'vitest'
import { StreamError } from '../../../src/stream/error.js'
import { readQemu } from '../../../src/stream/qemu/time.js'
import { filesFolder } from '../../helpers/folder.js'
import { memSize, name, recorded, type StreamSpec, stream, u8, u16, u32, u64 } from './streams.js'

const { put } = filesFolder()

function refusal(bytes: Uint8Array): string {
  const path = put('damaged', bytes)
  try {
    readQemu(path)
  } catch (error) {
    expect(error).toBeInstanceOf(StreamError)
    const { message } = error as StreamError
    expect(message.startsWith(`${path}: `)).toBe(true)
    expect(message).not.toContain('\n')
    return message.slice(path.length + 2)
  }
  return 'read'
}

const timer = {
  name: 'timer',
  version: 2,
  fields: [{ name: 'cpu_clock_offset', type: 'int64', bytes: u64(5n) }],
}
const made = (spec: StreamSpec): string => refusal(stream({ devices: [timer], ...spec }))
const capability = (...names: string[]): Buffer =>
  Buffer.concat([u8(5), name('configuration/capabilities'), u32(1), u32(names.length), ...names.map(name)])

it('streams put together here are read', () => {
  expect(made({})).toBe('read')
  expect(made({ footers: false })).toBe('read')
  expect(made({ ram: null })).toBe('read')
  expect(
    made({
      ram: Buffer.concat([memSize(8192n), u64(2n), name('pc.ram'), u8(0), u64(0x1028n), Buffer.alloc(4096)]),
    }),
  ).toBe('read')
  expect(
    made({
      ram: Buffer.concat([memSize(4096n), u64(0x40n), name('pc.ram'), u8(1), u16(3), Buffer.alloc(3)]),
    }),
  ).toBe('read')
  expect(made({ raw: Buffer.concat([u8(8), u16(1), u16(2), u16(0)]) })).toBe('read')
  expect(made({ configuration: capability('xbzrle') })).toBe('read')
  const uuid = Buffer.concat([u8(5), name('configuration/uuid'), u32(1), Buffer.alloc(16)])
  expect(made({ configuration: uuid })).toBe('read')
  const shared = Buffer.concat([u64(4096n | 4n), name('pc.ram'), u64(4096n), u64(0n)])
  expect(made({ configuration: capability('x-ignore-shared'), ram: shared })).toBe('read')
})

describe('streams that cannot be read say why', () => {
  const whole = recorded('running-q7')
  it('without the JSON description', () => {
    const told =
      /^byte \d+: the stream ends without the JSON description of its devices.*expected one, as QEMU since 2\.3/
    expect(refusal(whole.subarray(0, whole.lastIndexOf('{"page_size"') - 5))).toMatch(told)
    expect(refusal(whole.subarray(0, -1))).toMatch(told)
    expect(refusal(Buffer.concat([whole, u8(0)]))).toMatch(told)
  })
  it.each([
    ['nothing', Buffer.alloc(0), /^the header, byte 0: 0 bytes are left; expected the 4 of the magic/],
    [
      'another magic',
      Buffer.from('QEVN0000'),
      /^the header, byte 0: the magic is 5145564e; expected 5145564d, "QEVM"/,
    ],
    [
      'an old version',
      Buffer.concat([Buffer.from('QEVM'), u32(2)]),
      /^the header, byte 4: the stream is of version 2/,
    ],
  ])('%s', (_what, bytes, told) => {
    expect(refusal(bytes)).toMatch(told)
  })

  const page = (flags: bigint, ...rest: Buffer[]) =>
    Buffer.concat([memSize(4096n), u64(flags), name('pc.ram'), ...rest])
  it.each<[string, StreamSpec, RegExp]>([
    [
      'mapped-ram',
      { configuration: capability('mapped-ram') },
      /^subsection configuration\/capabilities, byte \d+: memory is at fixed places of the file \(mapped-ram\)/,
    ],
    [
      'multifd',
      { ram: Buffer.concat([memSize(4096n), u64(0x200n)]) },
      /^section ram, byte 55: memory was sent over several channels \(multifd\)/,
    ],
    [
      'RDMA',
      { ram: Buffer.concat([memSize(4096n), u64(0x80n)]) },
      /^section ram, byte 55: memory was sent by RDMA/,
    ],
    [
      'a kind of page that is none',
      { ram: page(0x0an) },
      /^section ram, byte 55: the flags of a page are 0xa;/,
    ],
    ['another encoding', { ram: page(0x40n, u8(2)) }, /^section ram, byte 70: the encoding is 2; expected 1/],
    [
      'a page of a block that is not there',
      { ram: Buffer.concat([u64(2n), name('vga.vram')]) },
      /a page is in memory block "vga.vram"; expected one of those in the list/,
    ],
    [
      'a block without bytes',
      { ram: Buffer.concat([u64(0x1004n), name('a'), u64(0n)]) },
      /memory block a has 0 bytes; expected 1 to the 4096/,
    ],
    [
      'a huge compressed page',
      { ram: page(0x100n, u32(0xffffffff)) },
      /a compressed page has 4294967295 bytes; expected at most 131072/,
    ],
    [
      'an unknown section in parts',
      { raw: Buffer.concat([u8(1), u32(7), name('dirty-bitmap'), u32(0), u32(1)]) },
      /^section dirty-bitmap, byte \d+: nothing says how long a part of it is; expected ram or spapr\/htab/,
    ],
    [
      'a part of nothing',
      { raw: Buffer.concat([u8(2), u32(7)]) },
      /a part of section 7; expected the id of one that was started/,
    ],
    [
      'postcopy',
      { raw: Buffer.concat([u8(8), u16(5), u16(4), u32(0)]) },
      /^a command, byte \d+: the devices are packed in a stream of their own \(postcopy\)/,
    ],
    ['a type that is none', { raw: u8(9) }, /^a section’s header, byte \d+: the type of a section is 9;/],
    [
      'another footer',
      { raw: Buffer.concat([u8(1), u32(7), name('spapr/htab'), u32(0), u32(1), u32(0), u8(0x7e), u32(8)]) },
      /^section spapr\/htab, byte \d+: the footer is of section 8; expected 7/,
    ],
    [
      'no footer',
      { raw: Buffer.concat([u8(1), u32(7), name('spapr/htab'), u32(0), u32(1), u32(0)]) },
      /the section ends here; expected its footer, 7e/,
    ],
    [
      'an unknown configuration',
      { configuration: Buffer.concat([u8(5), name('configuration/new'), u32(1)]) },
      /^subsection configuration\/new, byte \d+: nothing says what is in it/,
    ],
    [
      'another page size',
      { describe: (json) => ({ ...json, page_size: 1000 }) },
      /^the JSON description at byte \d+, page_size: it is 1000; expected a power of two/,
    ],
    [
      'a device that is not described',
      { describe: (json) => ({ ...json, devices: [] }) },
      /^section timer, byte \d+: instance 0 is not in the JSON description/,
    ],
    [
      'devices that are no list',
      { describe: (json) => ({ ...json, devices: 5 }) },
      /^the JSON description at byte \d+, devices: it is 5; expected an array/,
    ],
    [
      'a struct of another size',
      {
        describe: () => ({
          page_size: 4096,
          devices: [
            {
              name: 'a',
              instance_id: 0,
              fields: [{ name: 'x', type: 'struct', size: 9, struct: { fields: [] } }],
            },
          ],
        }),
      },
      /devices\[0\]\.fields\[0\]: the struct has 9 bytes, its fields have 0; expected the same/,
    ],
    [
      'an endless array',
      {
        describe: () => ({
          page_size: 4096,
          devices: [
            {
              name: 'timer',
              instance_id: 0,
              fields: [{ name: 'x', type: 'uint8', size: 1 << 29, array_len: 1 << 29 }],
            },
          ],
        }),
      },
      /devices\[0\]: section timer has \d+ bytes; expected at most/,
    ],
    [
      'another version',
      {
        describe: () => ({
          page_size: 4096,
          devices: [{ name: 'timer', vmsd_name: 'timer', version: 1, instance_id: 0 }],
        }),
      },
      /^section timer, byte \d+: it is of version 2; expected the 1 of the description/,
    ],
  ])('%s', (_what, spec, told) => {
    expect(made(spec)).toMatch(told)
  })

  it('a subsection that is not where it should be', () => {
    const device = {
      name: 'timer',
      fields: [],
      subsections: [{ name: 'timer/icount', fields: [{ name: 'x', type: 'int64', bytes: u64(0n) }] }],
    }
    const bytes = stream({ devices: [device] })
    expect(refusal(bytes)).toBe('read')
    bytes.writeUInt8(4, bytes.indexOf('timer/icount') - 2)
    expect(refusal(bytes)).toMatch(
      /^section timer, byte \d+: no header of subsection timer\/icount, version 1;/,
    )
  })

  it('structs nested without end', () => {
    const begin = '{"name":"x","type":"struct","size":0,"struct":{"fields":['
    const nested = (depth: number) => begin.repeat(depth) + ']}}'.repeat(depth)
    const text = (fields: string) =>
      `{"page_size":4096,"devices":[{"name":"a","instance_id":0,"fields":[${fields}]}]}`
    expect(made({ describe: () => text(nested(40)) })).toMatch(/structs are nested more than 32 deep/)
    expect(made({ describe: () => text(nested(40_000)) })).toMatch(/structs are nested more than 32 deep/)
    const lists = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(made({ describe: () => text(lists) })).toMatch(/it is an array; expected an object/)
  })

  it('cut anywhere', () => {
    const small = recorded('x86-tcg-q7')
    for (let end = 0; end < small.length; end += 997)
      expect(refusal(small.subarray(0, end))).toMatch(/expected/)
  })
})
