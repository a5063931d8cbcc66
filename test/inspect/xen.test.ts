/** inspect on real Xen streams: what is shown, what another host makes of it, and what --set changes. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changeFile, inspectFile } from '../../src/inspect/index.js'
import { read, scale } from '../../src/math/index.js'
import { inspectionText } from '../../src/report/inspection.js'
import { plain } from '../../src/report/style.js'
import { xenFacts } from '../../src/stream/xen/facts.js'
import { readXenSave } from '../../src/stream/xen/save.js'
import type { HostClockValues } from '../../src/world/index.js'
import { execute } from '../cli/execute.js'
import { filesFolder } from '../helpers/folder.js'
import { recorded } from '../stream/xen/streams.js'

const { folder, put } = filesFolder()
const pv = put('u1.xl', recorded('u1-pv'))
const native = put('u2.xl', recorded('u2-pv-native'))
const pvh = put('u4.xl', recorded('u4-pvh'))
const SECOND = 1_000_000_000n

const clocksOn = (path: string, host: HostClockValues) =>
  Object.fromEntries(
    inspectFile(path, host).resumed!.clocks.map(({ name, saved, resumed }) => [name, [saved, resumed]]),
  )

describe('what is shown', () => {
  it('says which time page counts and which is stale, in 80 columns', () => {
    const text = inspectionText(inspectFile(pv), plain)
    expect(text).toContain('PV guest u1, saved by Xen 4.17')
    expect(text).toContain('vcpu_time_info, live: pfn 0x5a31 + 0x120\n  version        1054\n')
    expect(text).toContain('vcpu_time_info, vcpu_info[0] of SHARED_INFO: stale\n  version        110\n')
    expect(text).toContain('shown from   guest memory, pfn 0x5a31 + 0x120')
    for (const line of text.split('\n').slice(2)) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  it('names the policy that the restorer follows', () => {
    for (const path of [pv, native, pvh]) expect(inspectFile(path).policies[0]!.policy).toBe('xen-today')
  })

  it('is one JSON document, with 64-bit numbers as strings', async () => {
    const { code, stdout } = await execute(['inspect', pv, '--json', '--host', 'uptime=20s'])
    expect(code).toBe(0)
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({
      format: 'xen',
      tsc_info: { mode: 0, khz: 2299997, nsec: '201238815163', incarnation: 1 },
      live_time_pages: [{ pfn: '23089', offset: 288, version: 1054, tsc_timestamp: '449154767646' }],
      shared_info: { wc_sec: 1795309714, wc_nsec: 35398643, stale: true, vcpu0_time: { version: 110 } },
      policies: [{ policy: 'xen-today' }],
      resumed: { policy: 'xen-today' },
    })
  })
})

describe('on another host', () => {
  it('system time is its uptime, an emulated TSC goes on, the wall clock is its own', () => {
    const saved = xenFacts(readXenSave(pv))
    const wallNs = saved.wallNs! + 3600n * SECOND
    const clocks = clocksOn(pv, { uptimeNs: 5000n * SECOND, wallNs })
    expect(clocks.TSC).toEqual([saved.tsc, saved.tsc])
    expect(clocks['system time']).toEqual([saved.systemTimeNs, 5000n * SECOND])
    expect(clocks.CLOCK_REALTIME).toEqual([saved.wallNs, wallNs])
    expect(clocks.CLOCK_MONOTONIC).toEqual([0n, 0n])
    expect(clocks.CLOCK_BOOTTIME).toEqual([0n, 3600n * SECOND])
  })

  it('a PV guest older than the host reads a TSC far away: its offset is negative', () => {
    const { TSC } = clocksOn(pv, { uptimeNs: 20n * SECOND })
    // Recorded on a real host up for some 20 s: 7839880531688696828, a second or two later.
    expect(7839880531688696828n - TSC![1]!).toBeGreaterThan(0n)
    expect(7839880531688696828n - TSC![1]!).toBeLessThan(10n * 2_299_997_000n)
  })

  it('a native TSC is that host’s', () => {
    expect(clocksOn(native, { uptimeNs: 20n * SECOND, tsc: 12345n }).TSC).toEqual([null, 12345n])
  })

  it('a PVH guest’s TSC goes on whatever the uptime is', () => {
    const clocks = clocksOn(pvh, { uptimeNs: 20n * SECOND })
    expect(clocks.TSC).toEqual([245198560249n, 245198560249n])
    expect(clocks['system time']).toEqual([517899822016n, 20n * SECOND])
    // Nobody has said what its wall clock was or is.
    expect(clocks.CLOCK_REALTIME).toBeUndefined()
  })

  it('which no run can have is refused with the reason', () => {
    const late = { wallNs: 20_000_000_000n * SECOND }
    expect(() => clocksOn(pv, late)).toThrow(`${pv}: these clocks cannot go on on such a host: start: `)
  })

  it('a timebase is refused', () => {
    expect(() => clocksOn(pv, { timebase: 1n })).toThrow('a host of xen has no timebase')
  })
})

describe('--set', () => {
  const differing = (a: string, b: string) => {
    const [one, two] = [readFileSync(a), readFileSync(b)]
    expect(two.length).toBe(one.length)
    return [...one.keys()].filter((i) => one[i] !== two[i])
  }
  const out = join(folder, 'out.xl')

  it('changes a frequency with the page that shows it, and nothing else; back, it is the file again', () => {
    const before = xenFacts(readXenSave(pv))
    const changed = changeFile(pv, out, new Map([['tsc.khz', '2400000']]))
    expect(changed.map(({ field }) => field)).toEqual([
      'tsc.khz',
      'page.tsc_to_system_mul',
      'page.tsc_timestamp',
      'shared.tsc_to_system_mul',
      'shared.tsc_timestamp',
    ])
    const save = readXenSave(out)
    const facts = xenFacts(save)
    expect(save.tsc!.khz).toBe(2400000)
    expect(facts.page!.tsc_to_system_mul).toBe(scale(2_400_000_000n).toNs.xen.mul)
    expect(facts.vtscOffset).toBe(before.vtscOffset)
    expect(facts.systemTimeNs).toBe(before.systemTimeNs)
    const [tsc, live, shared] = [save.tsc!.at, facts.live[0]!.at, save.sharedInfo!.at + 32]
    const allowed = (i: number) =>
      (i >= tsc + 4 && i < tsc + 8) || [live, shared].some((page) => i >= page + 8 && i < page + 29)
    expect(differing(pv, out).filter((i) => !allowed(i))).toEqual([])
    const back = join(folder, 'back.xl')
    changeFile(out, back, new Map([['tsc.khz', '2299997']]))
    expect(differing(pv, back)).toEqual([])
  })

  it('moves the stamp with the age of a PV guest and with the TSC of a PVH guest', () => {
    const older = 3600n * SECOND
    changeFile(pv, out, new Map([['tsc.nsec', `${201238815163n + older}`]]))
    const facts = xenFacts(readXenSave(out))
    expect(facts.vtscOffset).toBe(xenFacts(readXenSave(pv)).vtscOffset! - older)
    expect(facts.page!.system_time).toBe(258882493095n)
    changeFile(pvh, out, new Map([['hvm.tsc', '1245198560249']]))
    const moved = xenFacts(readXenSave(out))
    expect(moved.page!.tsc_timestamp).toBe(1228801601816n)
    expect(read(moved.page!, moved.tsc!).ns).toBe(517899822016n)
  })

  it('takes an HVM guest’s frequency in both places', () => {
    const changed = changeFile(pvh, out, new Map([['tsc.khz', '1000000']]))
    expect(changed.map(({ field }) => field)).toContain('hvm.gtsc_khz')
    const save = readXenSave(out)
    const facts = xenFacts(save)
    expect(facts.page).toMatchObject({ tsc_to_system_mul: 2147483648, tsc_shift: 1 })
    const off = facts.systemTimeNs! - 517899822016n
    expect(off > -10n && off < 10n).toBe(true)
  })

  it.each([
    [pv, 'wc.sec', '1700000000'],
    [pv, 'wc.sec_hi', '1'],
    [pv, 'tsc.mode', '2'],
    [pv, 'tsc.incarnation', '9'],
    [pv, 'page.version', '8'],
    [pv, 'page.flags', '1'],
    [pv, 'shared.system_time', '1'],
    [native, 'page.tsc_shift', '-3'],
    [native, 'tsc.khz', '2300000'],
    [pvh, 'hvm.tsc_adjust', '0xffffffffffffffff'],
  ])('changes a field alone: %s %s=%s', (path, field, value) => {
    const changed = changeFile(path, out, new Map([[field, value]]))
    expect(changed.map((one) => one.field)).toEqual([field])
    expect(differing(path, out).length).toBeGreaterThan(0)
    expect(differing(path, out).length).toBeLessThanOrEqual(8)
    expect(inspectFile(out).format).toBe('xen')
  })

  it('is told on stdout, and is refused with a reason and without a file', async () => {
    const told = await execute(['inspect', pv, '--set', 'wc.sec=1', '-o', out])
    expect(told).toMatchObject({ code: 0, stdout: `${out}: changed\n  wc.sec: 1795309714 -> 1\n` })
    const json = await execute(['inspect', pv, '--set', 'wc.sec=1', '-o', out, '--json'])
    expect(JSON.parse(json.stdout).changed).toEqual([{ field: 'wc.sec', from: '1795309714', to: '1' }])
    const absent = join(folder, 'absent.xl')
    for (const [args, message] of [
      [
        ['--set', 'tsc.mhz=1', '-o', absent],
        '--set tsc.mhz: there is no such field in this stream; expected one of tsc.mode, tsc.khz',
      ],
      [['--set', 'hvm.tsc=1', '-o', absent], '--set hvm.tsc: there is no such field'],
      [
        ['--set', 'tsc.khz=4294967296', '-o', absent],
        '--set tsc.khz: "4294967296" does not fit; expected a whole number below 2^32',
      ],
      [['--set', 'tsc.khz=0', '-o', absent], 'an emulated TSC needs a frequency'],
      [['--set', 'tsc.mode=3', '-o', absent], '"3" does not fit; expected 0 (default), 1'],
      [['--set', 'page.tsc_shift=200', '-o', absent], 'expected a whole number from -128 to 127'],
      [['--set', 'tsc.khz', '-o', absent], 'expected a field and its value'],
      [['--set', 'wc.sec=1', '--set', 'wc.sec=2', '-o', absent], 'wc.sec is set twice'],
      [['--set', 'wc.sec=1'], '--set and --output go together'],
      [['--set', 'wc.sec=1', '-o', pv], 'this is the file that is read'],
      [['--set', 'wc.sec=1', '-o', absent, '--host', 'uptime=1s'], '--host has nothing to do with --set'],
      [['--set', 'wc.sec=1', '-o', join(folder, 'no', 'such.xl')], 'it cannot be written'],
    ] as const) {
      const { code, stdout, stderr } = await execute(['inspect', pv, ...args])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(message)
      expect(existsSync(absent)).toBe(false)
    }
  })
})
