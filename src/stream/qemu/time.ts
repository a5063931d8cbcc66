/**
 * What a QEMU stream says about time.
 *
 *   timer        the virtual clock: cpu_clock_offset, since the VM is stopped while it is saved; with icount
 *                qemu_icount_bias + (qemu_icount << icount_time_shift)
 *   spapr        tb: guest_timebase, time_of_the_day_ns; the device tree has the frequency and says KVM or TCG
 *   spapr/rtc    ns_offset of the RTC
 *   cpu          ppc: env.spr by number; x86: env.tsc and its neighbours
 *   kvmclock     clock, ns
 *   globalstate  the run state for which the destination is to prepare: running, paused, …
 *
 * Source: QEMU softmmu/cpu-timers.c and accel/tcg/icount-common.c; hw/ppc/ppc.c vmstate_ppc_timebase; hw/ppc/spapr.c;
 * target/ppc/machine.c; target/i386/machine.c; hw/i386/kvm/clock.c; migration/global_state.c.
 */
import { StreamError } from '../error.js'
import { type TimeInTree, timeInTree } from './device-tree.js'
import { findField, numberAt } from './fields.js'
import { type QemuSection, type QemuStream, readSections } from './sections.js'

/** vmsd_names of the devices that are about time. */
const DEVICES = ['timer', 'spapr', 'spapr/rtc', 'cpu', 'kvmclock', 'globalstate']

/** Numbers of special purpose registers (Power ISA 3.1, book III 5.4.4; those of embedded CPUs left out). */
export const Spr = { dec: 22, tbl: 268, tbu: 269, purr: 309, hdec: 310, lpcr: 318, vtb: 849 } as const
const SPRS = 1024
/** LPCR[LD], the large decrementer: bit 46 as Power counts. */
const LPCR_LD = 1n << 17n

export interface Icount {
  readonly biasNs: bigint
  readonly instructions: bigint
  /** An instruction takes 2^shift ns. */
  readonly shift: bigint | null
  readonly lastDeltaNs: bigint | null
}

export interface PowerCpu {
  /** As the register is: 32 bits, or sign-extended from the large decrementer's. */
  readonly dec: bigint
  readonly decBits: number
  readonly sprs: Readonly<Record<keyof typeof Spr, bigint>>
}

export interface PowerTime {
  readonly guestTimebase: bigint
  readonly timeOfTheDayNs: bigint
  readonly rtcOffsetNs: bigint | null
  readonly cpus: readonly PowerCpu[]
  /** null: the device tree is not in the stream. */
  readonly tree: TimeInTree | null
  /**
   * Whether SPR 22 is the decrementer at the save. KVM keeps it there; TCG puts it there since QEMU 8.2, before it is
   * what the guest wrote last. null: the stream does not tell.
   */
  readonly decLive: boolean | null
}

export interface X86Cpu {
  readonly tsc: bigint
  readonly tscOffset: bigint | null
  readonly tscAux: bigint | null
  readonly tscAdjust: bigint | null
  readonly tscDeadline: bigint | null
  /** null or 0: the host's. */
  readonly tscKhz: bigint | null
  readonly systemTimeMsr: bigint | null
  readonly wallClockMsr: bigint | null
}

export interface X86Time {
  /** null: the VM has no kvmclock device, as without KVM. */
  readonly kvmclock: { readonly clockNs: bigint; readonly reliable: boolean | null } | null
  readonly cpus: readonly X86Cpu[]
}

export interface QemuTime {
  readonly runState: string | null
  readonly cpuTicksOffset: bigint | null
  readonly cpuClockOffsetNs: bigint | null
  readonly icount: Icount | null
  /** Of the moment of saving; null: no `timer`. */
  readonly virtualClockNs: bigint | null
  readonly power: PowerTime | null
  readonly x86: X86Time | null
}

export interface QemuFile {
  readonly stream: QemuStream
  readonly time: QemuTime
}

/** Reads a stream and what it says about time. Throws StreamError. */
export function readQemu(path: string): QemuFile {
  const stream = readSections(path, (name) => DEVICES.includes(name))
  return { stream, time: timeOf(stream) }
}

/** The sections of a device, in the order of the stream. */
export function devices({ sections }: QemuStream, name: string): readonly QemuSection[] {
  return sections.filter(({ shape }) => shape?.name === name)
}

/** Of a section that is there; null: there is no such field. */
function number(section: QemuSection | undefined, path: string, element = 0): bigint | null {
  if (!section?.shape || !section.content) return null
  return numberAt(section.shape, section.content, path, element)
}

function timeOf(stream: QemuStream): QemuTime {
  const timer = devices(stream, 'timer')[0]
  const cpuClockOffsetNs = number(timer, 'cpu_clock_offset')
  const icount = icountOf(timer)
  const cpus = devices(stream, 'cpu')
  return {
    runState: runStateOf(stream),
    cpuTicksOffset: number(timer, 'cpu_ticks_offset'),
    cpuClockOffsetNs,
    icount,
    virtualClockNs: icount ? virtualClock(stream, icount) : cpuClockOffsetNs,
    power: powerOf(stream, cpus),
    x86: x86Of(stream, cpus),
  }
}

function icountOf(timer: QemuSection | undefined): Icount | null {
  const biasNs = number(timer, 'timer/icount:qemu_icount_bias')
  const instructions = number(timer, 'timer/icount:qemu_icount')
  if (biasNs === null || instructions === null) return null
  return {
    biasNs,
    instructions,
    shift: number(timer, 'timer/icount/shift:icount_time_shift'),
    lastDeltaNs: number(timer, 'timer/icount/shift:last_delta'),
  }
}

/** null: the shift is not in the stream, so both sides were started with the same. */
function virtualClock(stream: QemuStream, { biasNs, instructions, shift }: Icount): bigint | null {
  if (shift === null) return null
  // QEMU allows no more than 10: an instruction of a microsecond.
  if (shift < 0n || shift > 10n)
    throw new StreamError(stream.path, 'section timer', `icount_time_shift is ${shift}; expected 0 to 10`)
  return BigInt.asIntN(64, biasNs + (instructions << shift))
}

function runStateOf(stream: QemuStream): string | null {
  const state = devices(stream, 'globalstate')[0]
  if (!state?.shape || !state.content) return null
  const text = findField(state.shape, state.content, 'runstate')?.bytes.toString('latin1') ?? ''
  return text.replace(/\0.*$/s, '')
}

// ---- Power

function powerOf(stream: QemuStream, cpus: readonly QemuSection[]): PowerTime | null {
  const spapr = devices(stream, 'spapr')[0]
  const guestTimebase = number(spapr, 'tb.guest_timebase')
  const timeOfTheDayNs = number(spapr, 'tb.time_of_the_day_ns')
  if (!spapr?.shape || !spapr.content || guestTimebase === null || timeOfTheDayNs === null) return null
  const blob = findField(spapr.shape, spapr.content, 'spapr_dtb:fdt_blob')
  const tree = blob && timeInTree(blob.bytes)
  return {
    guestTimebase,
    timeOfTheDayNs,
    rtcOffsetNs: number(devices(stream, 'spapr/rtc')[0], 'ns_offset'),
    cpus: cpus.flatMap((cpu) => powerCpu(cpu, tree?.decBits ?? 56) ?? []),
    tree,
    decLive: tree?.kvm ? true : decLive(stream),
  }
}

/** By what QEMU puts into a stream since 8.0 (a described configuration) and 9.0 (vm_was_suspended). */
function decLive(stream: QemuStream): boolean | null {
  const state = devices(stream, 'globalstate')[0]
  if (number(state, 'has_vm_was_suspended') !== null) return true
  return stream.description.configuration === null ? false : null
}

function powerCpu({ shape, content }: QemuSection, largeBits: number): PowerCpu | null {
  if (!shape || !content) return null
  const last = findField(shape, content, 'env.spr', SPRS - 1)
  if (last?.type !== 'uint64') return null
  const spr = (number: number) => numberAt(shape, content, 'env.spr', number)!
  const names = Object.keys(Spr) as (keyof typeof Spr)[]
  const sprs = Object.fromEntries(names.map((name) => [name, spr(Spr[name])])) as PowerCpu['sprs']
  const large = (sprs.lpcr & LPCR_LD) !== 0n
  const decBits = large ? largeBits : 32
  return { dec: BigInt.asIntN(decBits, sprs.dec), decBits, sprs }
}

// ---- x86

function x86Of(stream: QemuStream, cpus: readonly QemuSection[]): X86Time | null {
  const found = cpus.flatMap((cpu) => x86Cpu(cpu) ?? [])
  const device = devices(stream, 'kvmclock')[0]
  const clockNs = number(device, 'clock')
  const reliable = number(device, 'kvmclock/clock_is_reliable:clock_is_reliable')
  const kvmclock = clockNs === null ? null : { clockNs, reliable: reliable === null ? null : reliable === 1n }
  return found.length > 0 || kvmclock ? { kvmclock, cpus: found } : null
}

function x86Cpu(cpu: QemuSection): X86Cpu | null {
  const tsc = number(cpu, 'env.tsc')
  if (tsc === null) return null
  return {
    tsc,
    tscOffset: number(cpu, 'env.tsc_offset'),
    tscAux: number(cpu, 'env.tsc_aux'),
    tscAdjust: number(cpu, 'cpu/msr_tsc_adjust:env.tsc_adjust'),
    tscDeadline: number(cpu, 'cpu/msr_tscdeadline:env.tsc_deadline'),
    tscKhz: number(cpu, 'cpu/tsc_khz:env.tsc_khz'),
    systemTimeMsr: number(cpu, 'env.system_time_msr'),
    wallClockMsr: number(cpu, 'env.wall_clock_msr'),
  }
}
