/** QEMU's migration streams: `migrate` to a file, `virsh save` without its header. */
import { formatHz } from '../scenario/units.js'
import { decodeAll, type Tree } from '../stream/qemu/fields.js'
import { MAGIC, type QemuStream } from '../stream/qemu/sections.js'
import {
  devices,
  type PowerTime,
  type QemuFile,
  type QemuTime,
  readQemu,
  type X86Time,
} from '../stream/qemu/time.js'
import type { StreamTime } from '../stream/time.js'
import type { Detail, Format, ImpliedPolicy, Inspection, Row, Section } from './format.js'
import { changeQemu, qemuFields } from './qemu-fields.js'
import { kvmClocks, powerClocks, powerPolicies, resumeKvm, resumePower, timebaseHz } from './qemu-resume.js'
import { instantText, secondsText } from './text.js'

export const qemuFormat: Format = {
  id: 'qemu',
  title: 'a migration stream of QEMU',
  recognises: (head) => head.length >= 4 && Buffer.from(head).readUInt32BE(0) === MAGIC,
  inspect: (path) => inspectQemu(readQemu(path)),
  fields: qemuFields,
  change: changeQemu,
}

function inspectQemu(file: QemuFile): Inspection {
  const { stream, time } = file
  const { power, x86 } = time
  return {
    format: qemuFormat.id,
    title: `a migration stream of QEMU, machine ${stream.machine ?? 'unknown'}, saved ${time.runState ?? 'in an unknown state'}`,
    sections: [
      ...(power ? powerSections(time, power) : []),
      ...(x86 ? x86Sections(x86) : []),
      { title: 'virtual clock (section timer)', rows: timerRows(time) },
      { title: 'stream', rows: streamRows(stream) },
    ],
    details: detailsOf(file),
    policies: impliedBy(time),
    time: streamTime(time),
    ...(power && { resume: (host) => resumePower(time, host) }),
    ...(x86?.kvmclock && { resume: (host) => resumeKvm(time, host) }),
  }
}

// ---- for people

function powerSections(time: QemuTime, power: PowerTime): Section[] {
  const { tree, guestTimebase, timeOfTheDayNs, rtcOffsetNs } = power
  const hz = timebaseHz(power)
  const kvm = tree?.kvm ?? null
  const rows: Row[] = [
    {
      name: 'guest_timebase',
      value: `${guestTimebase}`,
      note:
        kvm === false
          ? 'TCG: the host’s counter plus an offset, not what the guest reads as TB; not used on loading'
          : `${secondsText((guestTimebase * 1_000_000_000n) / hz)} of ticks; loaded under KVM, not under TCG`,
    },
    {
      name: 'time_of_the_day_ns',
      value: instantText(timeOfTheDayNs),
      note: 'QEMU writes it and does not use it',
    },
    {
      name: 'frequency',
      value: formatHz(hz),
      note: tree?.timebaseHz
        ? 'of the device tree in the stream'
        : 'assumed: there is no device tree in the stream',
    },
    {
      name: 'accelerator',
      value: kvm === null ? 'unknown' : kvm ? 'KVM' : 'TCG',
      note:
        kvm === null
          ? 'no device tree'
          : kvm
            ? 'the device tree has /hypervisor'
            : 'the device tree has no /hypervisor',
    },
    { name: 'rule', value: kvm === false ? TCG_RULE : stopRule(time.runState) },
  ]
  if (rtcOffsetNs !== null)
    rows.push({ name: 'RTC', value: `${secondsText(rtcOffsetNs)} from the host’s clock` })
  return [
    { title: 'timebase (section spapr)', rows },
    { title: 'decrementer (section cpu, SPR 22)', rows: decRows(power) },
  ]
}

const TCG_RULE =
  'TB follows the virtual clock, which stands still from the stop until the VM runs again: nothing between counts'

/** QEMU hw/ppc/ppc.c: guest_timebase is saved when the VM stops, and again in pre_save unless it is paused. */
function stopRule(state: string | null): string {
  if (state === 'paused')
    return 'it was stopped before it was saved: guest_timebase is of the stop, and no time since then counts'
  if (state === null) return 'unknown: the stream has no section globalstate'
  return 'it ran until it was saved: guest_timebase is of pre_save, so the time from stop to pre_save counts and the transport does not'
}

function decRows({ cpus, decLive }: PowerTime): Row[] {
  const note =
    decLive === false
      ? 'stale under TCG: QEMU before 8.2 did not save it'
      : decLive === null
        ? 'under TCG live since QEMU 8.2, before that stale; the stream does not tell which'
        : null
  return cpus.map(({ dec, decBits, sprs }, cpu) => ({
    name: `vCPU ${cpu}`,
    value: `${dec}, ${decBits} bits (0x${sprs.dec.toString(16)})`,
    ...(note !== null && { note }),
  }))
}

function x86Sections({ kvmclock, cpus }: X86Time): Section[] {
  const rows: Row[] = cpus.map(({ tsc, tscKhz, tscAdjust }, cpu) => {
    const rate = tscKhz ? `, ${tscKhz} kHz` : ', at the host’s rate'
    const adjusted = tscAdjust === null ? '' : `, TSC_ADJUST ${tscAdjust}`
    return { name: `TSC ${cpu}`, value: `${tsc}${rate}${adjusted}` }
  })
  if (!kvmclock)
    return [{ title: 'clocks', rows: [{ name: 'kvmclock', value: 'none: the VM ran without KVM' }, ...rows] }]
  const reliable = kvmclock.reliable === null ? 'unknown' : kvmclock.reliable ? 'yes' : 'no'
  const note =
    kvmclock.reliable === false
      ? 'the destination computes it from the guest’s own page in memory'
      : undefined
  const clock: Row = { name: 'kvmclock', value: secondsText(kvmclock.clockNs), ...(note && { note }) }
  return [{ title: 'clocks', rows: [clock, { name: 'reliable', value: reliable }, ...rows] }]
}

function timerRows({ virtualClockNs, cpuTicksOffset, cpuClockOffsetNs, icount }: QemuTime): Row[] {
  const rows: Row[] = []
  if (virtualClockNs !== null) rows.push({ name: 'virtual clock', value: secondsText(virtualClockNs) })
  if (cpuClockOffsetNs !== null) rows.push({ name: 'cpu_clock_offset', value: `${cpuClockOffsetNs} ns` })
  if (cpuTicksOffset !== null) rows.push({ name: 'cpu_ticks_offset', value: `${cpuTicksOffset}` })
  if (icount) {
    rows.push({ name: 'qemu_icount', value: `${icount.instructions} instructions` })
    rows.push({ name: 'qemu_icount_bias', value: `${icount.biasNs} ns` })
    if (icount.shift !== null) rows.push({ name: 'icount_time_shift', value: `${icount.shift}` })
  }
  return rows.length > 0 ? rows : [{ name: 'timer', value: 'not in the stream' }]
}

function streamRows({ bytes, sections, ram, capabilities }: QemuStream): Row[] {
  const memory = ram.blocks.reduce((sum, block) => sum + block.bytes, 0n)
  const pages = [
    `${ram.fullPages} pages in full`,
    `${ram.zeroPages} of one value`,
    ...(ram.compressedPages > 0 ? [`${ram.compressedPages} compressed`] : []),
    ...(ram.deltas > 0 ? [`${ram.deltas} changes of pages`] : []),
  ]
  const rows: Row[] = [
    { name: 'file', value: `${bytes} bytes, ${sections.length} sections` },
    { name: 'guest memory', value: `${memory / 1024n} KiB: ${pages.join(', ')}` },
  ]
  if (capabilities.length > 0) rows.push({ name: 'capabilities', value: capabilities.join(', ') })
  return rows
}

// ---- for programs

function detailsOf({ stream, time }: QemuFile): { readonly [key: string]: Detail } {
  const { power, x86, runState, virtualClockNs } = time
  return {
    machine: stream.machine,
    capabilities: stream.capabilities,
    run_state: runState,
    virtual_clock_ns: virtualClockNs,
    power: power && {
      guest_timebase: power.guestTimebase,
      time_of_the_day_ns: power.timeOfTheDayNs,
      rtc_ns_offset: power.rtcOffsetNs,
      timebase_hz: power.tree?.timebaseHz ?? null,
      accelerator: power.tree ? (power.tree.kvm ? 'kvm' : 'tcg') : null,
      dec_is_live: power.decLive,
      cpus: power.cpus.map(({ dec, decBits, sprs }) => ({ ...sprs, dec, dec_bits: decBits })),
    },
    x86: x86 && {
      kvmclock: x86.kvmclock && { clock: x86.kvmclock.clockNs, reliable: x86.kvmclock.reliable },
      cpus: x86.cpus.map((cpu) => ({
        tsc: cpu.tsc,
        tsc_khz: cpu.tscKhz,
        tsc_offset: cpu.tscOffset,
        tsc_aux: cpu.tscAux,
        tsc_adjust: cpu.tscAdjust,
        tsc_deadline: cpu.tscDeadline,
        system_time_msr: cpu.systemTimeMsr,
        wall_clock_msr: cpu.wallClockMsr,
      })),
    },
    timer: firstTree(stream, 'timer'),
    ram: {
      blocks: stream.ram.blocks.map(({ name, bytes }) => ({ name, bytes })),
      zero_pages: stream.ram.zeroPages,
      full_pages: stream.ram.fullPages,
      compressed_pages: stream.ram.compressedPages,
      deltas: stream.ram.deltas,
    },
    sections: stream.sections.map(({ name, instance, version, id, at, bytes, parts }) => {
      return { name, instance, version, id, at, bytes, parts }
    }),
  }
}

function firstTree(stream: QemuStream, name: string): Tree | null {
  const section = devices(stream, name)[0]
  return section?.shape && section.content ? decodeAll(section.shape, section.content) : null
}

function impliedBy(time: QemuTime): ImpliedPolicy[] {
  const { power, x86 } = time
  if (x86?.kvmclock) return [{ policy: 'kvm-qemu', because: 'there is a kvmclock device: QEMU under KVM' }]
  if (!power) return []
  const tcg = {
    policy: 'power-tcg',
    because: 'TCG: TB follows the virtual clock, and guest_timebase is not used',
  }
  const kvm = { policy: 'power-qemu', because: 'KVM: TB goes on from guest_timebase, at the start of the VM' }
  if (!power.tree) return [kvm, tcg]
  return power.tree.kvm ? [kvm] : [tcg]
}

function streamTime(time: QemuTime): StreamTime | null {
  const { power, x86 } = time
  const nothing = { uptimeNs: null, wallNs: null, tsc: null, timebase: null }
  if (power) {
    const policy = powerPolicies(power)[0]!
    const clocks = powerClocks(time, policy, false)
    const host = { ...nothing, wallNs: power.timeOfTheDayNs, frequencyHz: timebaseHz(power) }
    return clocks && { system: 'power', clocks, policy, hvm: false, wide: true, host }
  }
  if (!x86?.kvmclock) return null
  const clocks = kvmClocks(x86)
  const host = { ...nothing, frequencyHz: clocks.tsc_khz! * 1000n }
  return { system: 'kvm', clocks, policy: 'kvm-qemu', hvm: true, wide: true, host }
}
