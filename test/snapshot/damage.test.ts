/** What is wrong with a snapshot is one clear error: no crash, no large allocation, no half file. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/core/machine.js'
import {
  loadMachine,
  loadSnapshot,
  SnapshotError,
  saveMachine,
  saveSnapshot,
} from '../../src/snapshot/index.js'
import { execute } from '../cli/execute.js'
import { temporaryFolder } from '../helpers/folder.js'
import { resigned, sealed, sectionsOf, smallSnapshot } from './fixture.js'

const folder = temporaryFolder()
const file = join(folder, 'whole.chv')
const snapshot = smallSnapshot()
saveSnapshot(file, snapshot)
const whole = readFileSync(file)
const packedFile = join(folder, 'packed.chv')
saveSnapshot(packedFile, snapshot, { gzip: true })
const packed = readFileSync(packedFile)
const sections = sectionsOf(whole)

const damaged = join(folder, 'damaged.chv')

/** The message with which these bytes are refused, without the file's name. */
function refusal(bytes: Uint8Array): string {
  writeFileSync(damaged, bytes)
  try {
    loadSnapshot(damaged)
  } catch (error) {
    expect(error).toBeInstanceOf(SnapshotError)
    const { message } = error as SnapshotError
    expect(message.startsWith(`${damaged}: `)).toBe(true)
    expect(message).not.toContain('\n')
    return message.slice(damaged.length + 2)
  }
  return 'loaded'
}

function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

const find = (name: string) => sections.find((one) => one.name === name)!

it('the file as written loads', () => {
  expect(refusal(whole)).toBe('loaded')
  expect(refusal(packed)).toBe('loaded')
  expect(packed.length).toBeLessThan(whole.length / 4)
  expect(sections.map(({ name }) => name)).toEqual([
    'SCEN',
    'HOST',
    'HOST',
    'SAVE',
    'GUST',
    'LIFE',
    'SEEN',
    'MEMO',
  ])
})

describe('one flipped bit', () => {
  it('anywhere is found', () => {
    fc.assert(
      fc.property(fc.nat(whole.length * 8 - 1), fc.constantFrom(whole, packed), (bit, bytes) => {
        const at = Math.floor(bit / 8) % bytes.length
        const told = refusal(changed(bytes, (copy) => (copy[at]! ^= 1 << (bit % 8))))
        expect(told).not.toBe('loaded')
        expect(told).toMatch(/expected/)
      }),
      { numRuns: 300 },
    )
  })

  it.each(sections.map((section, i) => [i, section.name, section] as const))(
    'in content %i (%s) names the section',
    (_i, name, { at, length }) => {
      for (const place of [0, Math.floor(length / 2), length - 1]) {
        const told = refusal(changed(whole, (copy) => (copy[at + 16 + place]! ^= 0x10)))
        expect(told).toBe(`section ${name}: it is damaged: its CRC-32 is another; expected it as written`)
      }
    },
  )

  it('in the SHA-256 is found', () => {
    for (const bytes of [whole, packed])
      expect(refusal(changed(bytes, (copy) => (copy[copy.length - 1]! ^= 1)))).toMatch(
        /^the file is damaged: its SHA-256/,
      )
  })
})

describe('the header', () => {
  const header = (change: (copy: Buffer) => void) => refusal(resigned(changed(whole, change)))
  it.each([
    [
      'another magic',
      (copy: Buffer) => copy.writeUInt8(0x88, 0),
      /^byte 0: this is no snapshot of chronovisor/,
    ],
    [
      'line ends that were turned',
      (copy: Buffer) => copy.writeUInt8(0x0a, 5),
      /^byte 0: this is no snapshot/,
    ],
    [
      'version 0',
      (copy: Buffer) => copy.writeUInt16LE(0, 8),
      /^byte 8: this is a snapshot of version 0; expected version 1$/,
    ],
    [
      'version 2',
      (copy: Buffer) => copy.writeUInt16LE(2, 8),
      /^byte 8: this is a snapshot of version 2; expected version 1$/,
    ],
    ['an unknown flag', (copy: Buffer) => copy.writeUInt16LE(2, 10), /^byte 10: the flags are 2/],
    [
      'an unknown kind',
      (copy: Buffer) => copy.writeUInt32LE(4, 12),
      /^byte 12: the kind is 4; expected 1 to 3$/,
    ],
    [
      'another kind',
      (copy: Buffer) => copy.writeUInt32LE(2, 12),
      /^byte 12: this is a snapshot of a machine; expected one of a guest/,
    ],
    [
      'a huge body',
      (copy: Buffer) => copy.writeBigUInt64LE((1n << 64n) - 1n, 16),
      /^byte 16: the body has \d+ bytes; expected 18446744073709551615/,
    ],
    [
      'a huge unpacked body',
      (copy: Buffer) => copy.writeBigUInt64LE(1n << 40n, 24),
      /^byte 24: the unpacked body has 1099511627776 bytes/,
    ],
    [
      'gzip that is none',
      (copy: Buffer) => copy.writeUInt16LE(1, 10),
      /^byte 32: incorrect header check; expected a gzip body/,
    ],
  ])('%s', (_what, change, message) => expect(header(change)).toMatch(message))

  it('a gzip body that is longer or shorter than it says', () => {
    for (const by of [-1n, 1n, -1000n]) {
      const told = refusal(
        resigned(changed(packed, (copy) => copy.writeBigUInt64LE(copy.readBigUInt64LE(24) + by, 24))),
      )
      expect(told).toMatch(/^byte 32: .*expected/)
    }
  })
})

describe('truncated', () => {
  const places = new Set([0, 1, 7, 8, 31, 32, 63, 64, whole.length - 33, whole.length - 32, whole.length - 1])
  for (const { at, length } of sections)
    for (const place of [at, at + 1, at + 15, at + 16, at + 16 + length - 1]) places.add(place)

  it.each([...places].sort((a, b) => a - b))('at byte %i', (length) => {
    expect(refusal(whole.subarray(0, length))).toMatch(/^byte \d+: .*expected/)
  })

  it.each(sections.map((section, i) => [i, section.name, section] as const))(
    'inside section %i (%s), with all checksums right',
    (i, name, { at, length }) => {
      for (const kept of [0, 1, 4, Math.floor(length / 2), length - 1]) {
        const head = whole.subarray(0, at + 16 + kept)
        const short = changed(Buffer.concat([head, whole.subarray(at + 16 + length)]), (copy) => {
          copy.writeBigUInt64LE(BigInt(kept), at + 8)
          for (const field of [16, 24]) copy.writeBigUInt64LE(BigInt(copy.length - 64), field)
          sealed(copy)
        })
        const told = refusal(short)
        // Whole observations may be missing: then there are just fewer.
        if (name === 'SEEN' && kept % 40 === 0) expect(told).toBe('loaded')
        else
          expect(told, `section ${i} cut at ${kept}`).toMatch(
            new RegExp(`^section ${name}(, byte \\d+)?: .*`),
          )
      }
    },
  )
})

describe('sections', () => {
  /** The file with its body made of these. */
  const made = (parts: readonly (readonly [string, Buffer])[], kind = 1) => {
    const body = parts.flatMap(([name, content]) => {
      const head = Buffer.alloc(16)
      head.write(name, 'latin1')
      head.writeUInt32LE(crc32(content), 4)
      head.writeBigUInt64LE(BigInt(content.length), 8)
      return [head, content]
    })
    const bytes = Buffer.concat([whole.subarray(0, 32), ...body, Buffer.alloc(32)])
    bytes.writeUInt32LE(kind, 12)
    for (const field of [16, 24]) bytes.writeBigUInt64LE(BigInt(bytes.length - 64), field)
    return resigned(bytes)
  }
  const all = sections.map(
    ({ name, at, length }) => [name, whole.subarray(at + 16, at + 16 + length)] as const,
  )

  it('may come in any order', () => expect(refusal(made([...all.slice(1), all[0]!]))).toBe('loaded'))
  it('are passed over if unknown and optional', () =>
    expect(refusal(made([['note', Buffer.from('hello')], ...all]))).toBe('loaded'))
  it('are refused if unknown and not optional', () =>
    expect(refusal(made([['Note', Buffer.from('hello')], ...all]))).toMatch(
      /^byte 32: section Note is unknown/,
    ))
  it('are refused if they have no name', () =>
    expect(refusal(made([['\0\0\0\0', Buffer.alloc(0)], ...all]))).toMatch(
      /^byte 32: .* is no name of a section/,
    ))
  it.each(['SCEN', 'SAVE', 'GUST', 'LIFE', 'SEEN', 'MEMO'])('%s: there is exactly one', (name) => {
    const twice = [...all, all.find(([one]) => one === name)!]
    expect(refusal(made(twice))).toMatch(new RegExp(`^byte \\d+: there is a second section ${name}`))
    expect(refusal(made(all.filter(([one]) => one !== name)))).toBe(
      `section ${name}: it is missing; expected it in the file`,
    )
  })
  it('HOST: there is one for each host', () => {
    expect(refusal(made(all.filter((_, i) => i !== 1)))).toBe('section HOST: there are b; expected a, b')
    expect(refusal(made(all.filter(([name]) => name !== 'HOST')))).toMatch(/^section HOST: it is missing/)
  })
})

describe('huge numbers with right checksums', () => {
  const at = (name: string, offset: number) => find(name).at + 16 + offset
  const scenarioText = at('SCEN', 4 + 'small.yaml'.length)
  // Offsets as format.ts draws them.
  const saved = 8 + (4 + 1) + (4 + 1) + (4 + 'xen-today'.length) + 1 + 1
  it.each([
    ['a section', find('SCEN').at + 8, 8, /^byte 40: section SCEN has 18446744073709551615 bytes/],
    ['a file name', at('SCEN', 0), 4, /^section SCEN, byte 4: .* expected the 4294967295 of the file name/],
    ['a scenario', scenarioText, 4, /^section SCEN, byte 18: .* expected the 4294967295 of the scenario/],
    ['a time', at('SAVE', 0), 8, /^section SAVE, byte 0: it was saved at 18446744073709551615 ns/],
    [
      'the saved values',
      at('SAVE', saved),
      4,
      /^section SAVE, byte \d+: the number of saved values is 4294967295; expected at most 4096/,
    ],
    [
      'the vCPUs',
      at('GUST', 0),
      4,
      /^section GUST, byte 0: the number of vCPUs is 4294967295; expected the scenario’s 1/,
    ],
    ['a state', at('GUST', 32), 4, /^section GUST, byte 36: .* expected the 4294967295 of the state/],
    ['the stops', at('LIFE', 0), 4, /^section LIFE, byte 0: the number of stops is 4294967295/],
    ['the memory', at('MEMO', 0), 8, /^section MEMO, byte 0: the memory has 18446744073709551615 bytes/],
    ['the runs', at('MEMO', 8), 4, /^section MEMO, byte 8: the number of runs is 4294967295/],
    ['the first page', at('MEMO', 16), 4, /^section MEMO, byte 16: run 0 has pages 4294967295 to/],
    ['the pages of a run', at('MEMO', 20), 4, /^section MEMO, byte 16: run 0 has pages \d+ to/],
  ] as const)('%s', (_what, offset, size, message) => {
    const bytes = changed(whole, (copy) => copy.fill(0xff, offset, offset + size))
    expect(refusal(_what === 'a section' ? resigned(bytes) : sealed(bytes))).toMatch(message)
  })

  it('any byte changed behind right checksums is refused or loads, and nothing else', () => {
    const inside = sections.flatMap(({ name, at, length }) =>
      name === 'MEMO' ? [{ at: at + 16, length: 64 }] : [{ at: at + 16, length }],
    )
    fc.assert(
      fc.property(fc.constantFrom(...inside), fc.nat(), fc.nat(255), ({ at, length }, place, value) => {
        refusal(sealed(changed(whole, (copy) => (copy[at + (place % length)] = value))))
      }),
      { numRuns: 300 },
    )
  })
})

describe('what it costs to read', () => {
  it('a small file never takes much memory, whatever it says', () => {
    const scenario = snapshot.source.text.replace('on: a', 'on: a\n    memory: 1 GiB')
    const bombs = join(folder, 'bombs')
    mkdirSync(bombs)
    // 1 kB that unpacks to all that deflate can make of it, and says that it is 1 GiB.
    for (const [name, said] of [
      ['honest', 500_000n],
      ['lying', 1n << 30n],
    ] as const) {
      const body = gzipSync(Buffer.alloc(500_000), { level: 9 })
      const bytes = Buffer.concat([whole.subarray(0, 32), body, Buffer.alloc(32)])
      expect(bytes.length).toBeLessThan(1024)
      bytes.writeUInt16LE(1, 10)
      bytes.writeBigUInt64LE(BigInt(body.length), 16)
      bytes.writeBigUInt64LE(said, 24)
      writeFileSync(join(bombs, name), resigned(bytes))
    }
    // A guest of 1 GiB without a page.
    const large = {
      ...snapshot.world.guest,
      image: { ...snapshot.world.guest.image, memory: { size: 1 << 30, runs: [] } },
    }
    saveSnapshot(join(bombs, 'empty'), {
      ...snapshot,
      source: { ...snapshot.source, text: scenario },
      world: { ...snapshot.world, guest: large },
    })
    const script = `
      import { readdirSync } from 'node:fs'
      import { loadSnapshot } from ${JSON.stringify(new URL('../../src/snapshot/index.ts', import.meta.url).href)}
      const before = process.resourceUsage().maxRSS
      for (const file of readdirSync(${JSON.stringify(bombs)})) {
        try { loadSnapshot(${JSON.stringify(bombs)} + '/' + file) } catch (error) { if (error.name !== 'SnapshotError') throw error }
      }
      console.log(process.resourceUsage().maxRSS - before)`
    const grown = execFileSync(process.execPath, [
      '--import',
      import.meta.resolve('tsx'),
      '--input-type=module',
      '-e',
      script,
    ])
    expect(Number(grown)).toBeLessThan(64 * 1024) // KiB
  })
})

describe('writing', () => {
  it('replaces an older file, and leaves nothing else', () => {
    const place = join(folder, 'replace')
    mkdirSync(place)
    const target = join(place, 'guest.chv')
    writeFileSync(target, 'older')
    expect(saveSnapshot(target, snapshot)).toBe(whole.length)
    expect(readFileSync(target).equals(whole)).toBe(true)
    expect(readdirSync(place)).toEqual(['guest.chv'])
  })

  it('that cannot end leaves the old file and nothing else', () => {
    const place = join(folder, 'full')
    mkdirSync(place)
    const target = join(place, 'guest.chv')
    writeFileSync(target, 'older')
    // The file may not grow beyond 64 KiB: the write fails in its middle, as on a full disk.
    const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
    const tsx = import.meta.resolve('tsx')
    const command = `trap '' XFSZ; ulimit -f 64; exec "$0" --import ${tsx} ${main} save xen-good-lower --at 30s -o ${target}`
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath], {
      encoding: 'utf8',
    })
    expect(stderr).toMatch(
      /^chronovisor: .*guest\.chv: it cannot be written \(EFBIG.*expected a file name in a folder with room\n$/,
    )
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(readFileSync(target, 'utf8')).toBe('older')
    expect(readdirSync(place)).toEqual(['guest.chv'])
  })

  it('onto a folder fails and leaves nothing', () => {
    const place = join(folder, 'folder')
    mkdirSync(join(place, 'guest.chv'), { recursive: true })
    expect(() => saveSnapshot(join(place, 'guest.chv'), snapshot)).toThrow(
      /it cannot be written \((there is something of that name that is not a regular file)/,
    )
    expect(readdirSync(place)).toEqual(['guest.chv'])
  })

  it('into a folder that is not there fails', () => {
    expect(() => saveSnapshot(join(folder, 'no', 'guest.chv'), snapshot)).toThrow(
      /cannot be written \(ENOENT/,
    )
  })
})

describe('a machine', () => {
  it('is not taken for a guest, nor a state of another size for one of this', () => {
    const place = join(folder, 'machine.chv')
    saveMachine(place, new Machine())
    expect(() => loadSnapshot(place)).toThrow(
      /byte 12: this is a snapshot of a machine; expected one of a guest/,
    )
    expect(() => loadMachine(file)).toThrow(
      /byte 12: this is a snapshot of a guest; expected one of a machine/,
    )
    const bytes = readFileSync(place)
    const stat = sectionsOf(bytes)[0]!
    bytes.writeUInt32LE(stat.length - 5, stat.at + 16)
    writeFileSync(place, sealed(bytes))
    expect(() => loadMachine(place)).toThrow(/section STAT, byte 4: the state has \d+ bytes; expected \d+/)
    rmSync(place)
  })
})

describe('on the command line', () => {
  it.each([
    [
      ['restore', join(folder, 'nothing.chv')],
      /nothing\.chv: there is no such file; expected a snapshot file/,
    ],
    [['restore', folder], /this is not a regular file; expected a snapshot file/],
    [['restore', new URL(import.meta.url).pathname], /byte 0: this is no snapshot of chronovisor/],
    [
      ['restore', file, '--policy', 'kvm-qemu'],
      /section SAVE: the policy kvm-qemu is for kvm; expected one for xen/,
    ],
    [['restore', file, '--policy', 'nobody'], /there is no policy 'nobody'/],
    [['restore', file, '--host', 'uptime=1d,timebase=5'], /host a is xen and has no timebase/],
    [
      ['restore', file, '--host', 'age=1d'],
      /the host's "age=1d"; expected uptime=, wall=, tsc= or timebase=/,
    ],
    [['restore', file, '--host', 'tsc=1,tsc=2'], /the host's tsc is given twice/],
    [['restore', file, '--host', 'tsc=18446744073709551616'], /expected a whole number below 2\^64/],
    [['restore', file, '--host', 'wall=tomorrow'], /expected a time such as/],
    [['restore', file, '--after', '-1s'], /expected a duration from 0 s to 100 y/],
    [['restore', file, '--for', '5'], /"5" has no unit/],
    [['save', 'xen-good-lower', '-o', file], /required option '--at/],
    [['save', 'xen-good-lower', '--at', '10s'], /required option '-o/],
    [['save', 'xen-good-lower', '--at', '10y', '-o', file], /the save is at 10 y; expected 0 s to/],
    [
      ['save', 'xen-dom0-good', '--guest', 'dom0', '--at', '10s', '-o', file],
      /(is dom0 and stays with its host|there is no guest dom0)/,
    ],
  ] as const)('%j: one line, status 2', async (args, message) => {
    const { code, stdout, stderr } = await execute(args)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^chronovisor: [^\n]*\n$/)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(readFileSync(file).equals(whole)).toBe(true)
  })

  it('save and restore end with 0 and 1, and say what they did', async () => {
    const target = join(folder, 'cli.chv')
    const saved = await execute([
      'save',
      'xen-1282-stale-lower',
      '--at',
      '50s',
      '-o',
      target,
      '--gzip',
      '--json',
    ])
    expect(saved).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(saved.stdout)).toMatchObject({
      file: target,
      guest: 'g',
      at_true_ns: '50000000000',
      policy: 'xen-2008',
      host: { name: 'a' },
    })
    const failed = await execute(['restore', target])
    expect(failed).toMatchObject({ code: 1, stderr: '' })
    expect(failed.stdout).toContain('save at 50 s, on a: stopped for 0 s')
    expect((await execute(['save', 'kvm-migrate-scaled', '--at', '50s', '-o', target])).code).toBe(0)
    const short = await execute(['restore', target, '--for', '5 s', '--json'])
    expect(short.code).toBe(0)
    expect(JSON.parse(short.stdout)).toMatchObject({
      verdict: 'pass',
      expected: null,
      end_true_ns: '55000000000',
    })
    const moved = await execute([
      'restore',
      target,
      '--after',
      '30d',
      '--for',
      '20s',
      '--host',
      'uptime=3d,tsc=77',
    ])
    expect(moved.stderr).toBe('')
    expect(moved.stdout).toContain('save at 50 s, on a: stopped for 30 d')
  })
})
