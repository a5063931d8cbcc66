import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { changeFile, inspectFile } from '../../src/inspect/index.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { loadSnapshot, restoreSnapshot } from '../../src/snapshot/index.js'

const path = 'test/data/snapshots/v1-xen-modern-lower.chv'

it('shows a snapshot of our own as restore would continue it', () => {
  const host = { uptimeNs: 20_000_000_000n }
  const { format, details, resumed } = inspectFile(path, host)
  expect(format).toBe('chronovisor')
  const snapshot = loadSnapshot(path)
  expect(details).toMatchObject({ guest: 'g', clocks: snapshot.world.guest.clocks })
  const { clocks } = restoreSnapshot(snapshot, { policy: builtInPolicy('xen-today'), forNs: 0n, host })
    .guests[0]!
  expect(resumed!.clocks.map(({ name, resumed: value }) => [name, value])).toEqual(
    Object.entries(clocks).filter(([name]) => name !== 'jiffies'),
  )
})

it('refuses what has no format that it knows', () => {
  const other = join(tmpdir(), `chronovisor-inspect-${process.pid}`)
  writeFileSync(other, 'ELF or whatever')
  expect(() => inspectFile(other)).toThrow(`${other}: byte 0: the format is unknown; expected a snapshot of`)
  expect(() => inspectFile(`${other}-absent`)).toThrow('there is no such file; expected a saved guest')
  expect(() => inspectFile(tmpdir())).toThrow('not a regular file')
})

it('writes a copy with a value of the policy changed, and back again the file as it was', () => {
  const [out, back] = ['out', 'back'].map((name) =>
    join(tmpdir(), `chronovisor-inspect-${process.pid}-${name}`),
  )
  const changed = changeFile(path, out!, new Map([['clocks.nsec', '5']]))
  expect(changed).toEqual([{ field: 'clocks.nsec', from: '12345678889', to: '5' }])
  expect(loadSnapshot(out!).world.guest.clocks).toEqual({
    ...loadSnapshot(path).world.guest.clocks,
    nsec: 5n,
  })
  changeFile(out!, back!, new Map([['clocks.nsec', '12345678889']]))
  expect(readFileSync(back!).equals(readFileSync(path))).toBe(true)
  expect(() => changeFile(path, out!, new Map([['clocks.nothing', '5']]))).toThrow(
    '--set clocks.nothing: there is no such field in it; expected one of clocks.mode, clocks.khz',
  )
})
