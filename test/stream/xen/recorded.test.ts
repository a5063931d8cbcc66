/** Real streams against what was read from them by other means when they were recorded. */

import { describe, expect, it } from 'vitest'
import { xenFacts } from '../../../src/stream/xen/facts.js'
import { readXenSave } from '../../../src/stream/xen/save.js'
import { filesFolder } from '../../helpers/folder.js'
import { bytesOf, itemsOf, type Recording, recorded } from './streams.js'

const { put } = filesFolder()
const names = ['u1-pv', 'u2-pv-native', 'u4-pvh'] as const
const paths = Object.fromEntries(names.map((name) => [name, put(name, recorded(name))])) as Record<
  Recording,
  string
>
const saves = Object.fromEntries(names.map((name) => [name, readXenSave(paths[name])]))
const of = (name: Recording) => ({ save: saves[name]!, facts: xenFacts(saves[name]!) })

it.each(names)('writes %s again byte for byte', (name) => {
  expect(bytesOf(itemsOf(paths[name])).equals(recorded(name))).toBe(true)
})

describe('a PV guest with an emulated TSC', () => {
  const { save, facts } = of('u1-pv')

  it('has its records, in their order and of their lengths', () => {
    expect(save.records.map(({ layer, name, length, count }) => [layer, name, length, count])).toEqual([
      ['libxl', 'LIBXC_CONTEXT', 0, 1],
      ['libxc', 'X86_PV_INFO', 8, 1],
      ['libxc', 'X86_CPUID_POLICY', 1248, 1],
      ['libxc', 'X86_MSR_POLICY', 32, 1],
      ['libxc', 'STATIC_DATA_END', 0, 1],
      ['libxc', 'X86_PV_P2M_FRAMES', 392, 1],
      ['libxc', 'PAGE_DATA', 0, 24],
      ['libxc', 'X86_TSC_INFO', 24, 1],
      ['libxc', 'SHARED_INFO', 4096, 1],
      ['libxc', 'X86_PV_VCPU_BASIC', 5176, 1],
      ['libxc', 'X86_PV_VCPU_EXTENDED', 72, 1],
      ['libxc', 'X86_PV_VCPU_XSAVE', 856, 1],
      ['libxc', 'END', 0, 1],
      ['libxl', 'END', 0, 1],
    ])
    expect(save.records.slice(0, 6).map(({ at }) => at)).toEqual([895, 943, 959, 2215, 2255, 2263])
  })

  it('has its headers, PV info, P2M, TSC info and wall clock', () => {
    expect(save.xl).toMatchObject({ byteOrder: 0x01020304, mandatoryFlags: 3, optionalFlags: 0 })
    expect(save.xl!.data.length).toBe(831)
    expect(save.libxl).toMatchObject({ version: 2, options: 0 })
    expect(save.libxc).toMatchObject({ version: 3, domainType: 1, pageShift: 12, xenMajor: 4, xenMinor: 17 })
    expect(save.config).toMatchObject({ c_info: { type: 'pv', name: 'u1' } })
    expect(save.pv).toEqual({ guest_width: 8, pt_levels: 4 })
    expect(save.p2m).toEqual({ start_pfn: 0, end_pfn: 0x5fff, frames: 48 })
    expect(save.tsc).toMatchObject({ mode: 0, khz: 2299997, nsec: 201238815163n, incarnation: 1 })
    const { wc_version, wc_sec, wc_nsec, wc_sec_hi } = save.sharedInfo!
    expect([wc_version, wc_sec, wc_nsec, wc_sec_hi]).toEqual([4, 1795309714, 35398643, 0])
  })

  it('has a vCPU: its registers and XSAVE area', () => {
    const [vcpu] = save.vcpus
    expect(save.vcpus).toHaveLength(1)
    expect(vcpu).toMatchObject({ id: 0, msrs: null, xsave: { xcr0: 7n, xcr0_accum: 7n, area_bytes: 832 } })
    // It is in the hypercall that suspends it: kernel text, kernel stack, the kernel's code segment.
    expect(vcpu!.basic!.ip).toBe(0xffffffff81a043a5n)
    expect(vcpu!.basic!.sp).toBe(0xffffc90040083e30n)
    expect(vcpu!.extended!.syscall32_callback_eip).toBe(0xffffffff81026190n)
  })

  it('has a live time page in its memory; the one in SHARED_INFO is stale', () => {
    expect(facts.shared).toEqual({
      version: 110,
      tsc_timestamp: 15375594781n,
      system_time: 70282606721n,
      tsc_to_system_mul: 3734759041,
      tsc_shift: -1,
      flags: 0,
    })
    expect(facts.live).toHaveLength(1)
    expect(facts.live[0]).toMatchObject({
      pfn: 0x5a31n,
      offset: 0x120,
      version: 1054,
      tsc_timestamp: 449154767646n,
      system_time: 258882493095n,
      tsc_to_system_mul: 3734759041,
    })
    expect(facts.page).toBe(facts.live[0])
    // Five copies that programs made of older states are in its memory too.
    expect(save.search.candidates.filter(({ version }) => version === 1032)).toHaveLength(5)
  })

  it('was saved 5.95 s after its page was written last, at the TSC that its age makes', () => {
    expect(facts.emulated).toBe(true)
    expect(facts.tsc).toBe(462848671163n)
    expect(facts.systemTimeNs).toBe(264836371955n)
    expect(facts.vtscOffset).toBe(264836371955n - 201238815163n)
    expect(facts.wallNs).toBe(1795309714035398643n + 264836371955n)
  })
})

describe('a PV guest with a native TSC', () => {
  const { save, facts } = of('u2-pv-native')

  it('has no frequency and no age in the stream', () => {
    expect(save.tsc).toMatchObject({ mode: 2, khz: 0, nsec: 0n, incarnation: 1 })
    expect(facts.emulated).toBe(false)
    expect(facts.tsc).toBeNull()
  })

  it('has a live page whose scale is another than that of SHARED_INFO', () => {
    expect(facts.shared).toMatchObject({ version: 218, tsc_to_system_mul: 3756501741 })
    expect(facts.live[0]).toMatchObject({ version: 3376, tsc_to_system_mul: 3739510820, tsc_shift: -1 })
    expect(facts.frequencyFrom).toBe('the scale of the live time page')
    // 2.299998 GHz as that host calibrated it in its last second, off by some tenths of a percent.
    expect(facts.frequencyHz).toBe(2297074405n)
    expect(facts.systemTimeNs).toBe(facts.live[0]!.system_time)
  })
})

describe('a PVH guest', () => {
  const { save, facts } = of('u4-pvh')

  it('has its save records, and its TSC in them', () => {
    const records = save.hvmContext!.records.map(({ type, length }) => [type, length])
    expect(records).toEqual([
      [1, 24],
      [2, 1032],
      [5, 24],
      [6, 1024],
      [7, 16],
      [8, 8],
      [9, 8],
      [14, 240],
      [18, 32],
      [19, 8],
      [0, 0],
    ])
    const fields = (name: string) => save.hvmContext!.records.find((one) => one.name === name)!.fields
    expect(fields('HEADER')).toMatchObject({ version: 1, cpuid: 0x60fb1, gtsc_khz: 2299999 })
    expect(fields('CPU')).toEqual({ tsc: 245198560249n, msr_tsc_aux: 0n })
    expect(fields('TSC_ADJUST')).toEqual({ tsc_adjust: 0n })
    expect(save.hvmParams!.size).toBe(8)
    expect(save.hvmParams!.get(12n)).toBe(0xfeffe000n)
    expect(save.msrPolicy).toEqual([
      { index: 0xce, value: 0x80000000n },
      { index: 0x10a, value: 0n },
    ])
  })

  it('has a live time page, and no epoch: Xen keeps an HVM guest’s shared_info', () => {
    expect(facts.live[0]).toMatchObject({
      pfn: 0x7a31n,
      offset: 0x120,
      version: 96,
      system_time: 510770706556n,
    })
    expect(facts.tsc).toBe(245198560249n)
    expect(facts.epochNs).toBeNull()
    expect(facts.wallNs).toBeNull()
  })
})
