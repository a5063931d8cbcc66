/**
 * Fields of a QEMU stream that `--set` can change, and the changed copy. Lengths stay, so a copy is the file with
 * some bytes replaced.
 */
import { StreamError } from '../stream/error.js'
import { bytesOf, findField, numberOf } from '../stream/qemu/fields.js'
import type { QemuSection } from '../stream/qemu/sections.js'
import { devices, type QemuFile, readQemu, Spr } from '../stream/qemu/time.js'
import type { Changed } from './format.js'
import { copyPatched, type Patch } from './patch.js'

interface Place {
  /** vmsd_name of the device. */
  readonly device: string
  /** As findField wants it. */
  readonly path: string
  readonly element?: number
  /** A register that counts below zero: a negative value is its two's complement. */
  readonly wraps?: true
}

const U64 = 'a whole number below 2^64'
const DEC = 'a whole number from -2^63 to below 2^64'
const S64 = 'a whole number, 64 bits with a sign'

/** By name. Those that begin with `cpuN.` are of vCPU N. */
const PLACES: Readonly<Record<string, Place & { readonly form: string }>> = {
  'timer.cpu_ticks_offset': { device: 'timer', path: 'cpu_ticks_offset', form: S64 },
  'timer.cpu_clock_offset': { device: 'timer', path: 'cpu_clock_offset', form: `${S64}, ns` },
  'timer.qemu_icount_bias': { device: 'timer', path: 'timer/icount:qemu_icount_bias', form: `${S64}, ns` },
  'timer.qemu_icount': { device: 'timer', path: 'timer/icount:qemu_icount', form: S64 },
  'timer.icount_time_shift': {
    device: 'timer',
    path: 'timer/icount/shift:icount_time_shift',
    form: '0 to 10',
  },
  'timer.last_delta': { device: 'timer', path: 'timer/icount/shift:last_delta', form: `${S64}, ns` },
  'spapr.guest_timebase': { device: 'spapr', path: 'tb.guest_timebase', form: U64 },
  'spapr.time_of_the_day_ns': { device: 'spapr', path: 'tb.time_of_the_day_ns', form: S64 },
  'rtc.ns_offset': { device: 'spapr/rtc', path: 'ns_offset', form: S64 },
  'cpuN.dec': { device: 'cpu', path: 'env.spr', element: Spr.dec, wraps: true, form: DEC },
  'cpuN.hdec': { device: 'cpu', path: 'env.spr', element: Spr.hdec, wraps: true, form: DEC },
  'cpuN.purr': { device: 'cpu', path: 'env.spr', element: Spr.purr, form: U64 },
  'cpuN.vtb': { device: 'cpu', path: 'env.spr', element: Spr.vtb, form: U64 },
  'cpuN.tsc': { device: 'cpu', path: 'env.tsc', form: U64 },
  'cpuN.tsc_offset': { device: 'cpu', path: 'env.tsc_offset', form: U64 },
  'cpuN.tsc_adjust': { device: 'cpu', path: 'cpu/msr_tsc_adjust:env.tsc_adjust', form: U64 },
  'cpuN.tsc_deadline': { device: 'cpu', path: 'cpu/msr_tscdeadline:env.tsc_deadline', form: U64 },
  'cpuN.tsc_khz': { device: 'cpu', path: 'cpu/tsc_khz:env.tsc_khz', form: S64 },
  'kvmclock.clock': { device: 'kvmclock', path: 'clock', form: U64 },
  'globalstate.runstate': { device: 'globalstate', path: 'runstate', form: 'running, paused, …' },
}

export const qemuFields = Object.entries(PLACES).map(([name, { form }]) => ({ name, form }))

/** A field in the file. */
interface Spot {
  readonly section: QemuSection
  readonly at: number
  readonly type: string
  readonly bytes: Buffer
}

/** Writes a copy of `path` to `out` with these fields changed, all or nothing. Throws StreamError. */
export function changeQemu(path: string, out: string, changes: ReadonlyMap<string, string>): Changed[] {
  const file = readQemu(path)
  const changed = [...changes].flatMap(([name, text]) => change(file, name, text))
  copyPatched(
    path,
    out,
    changed.map(({ patch }) => patch),
  )
  return changed.map(({ field, from, to }) => ({ field, from, to }))
}

function change(file: QemuFile, name: string, text: string): (Changed & { readonly patch: Patch })[] {
  const spot = spotOf(file, name)
  if (spot === null) throw new StreamError(file.stream.path, `--set ${name}`, absent(file, name))
  if (name === 'globalstate.runstate') return changeState(file, spot, text)
  const { type, bytes, at } = spot
  const place = PLACES[generic(name)]!
  const value = parse(text, place.wraps === true)
  const changed = value === null ? null : bytesOf(type, bytes.length, value)
  if (!changed)
    throw new StreamError(
      file.stream.path,
      `--set ${name}`,
      `${JSON.stringify(text)} does not fit; expected ${place.form}`,
    )
  return [{ field: name, from: `${numberOf(type, bytes)}`, to: `${value}`, patch: { at, bytes: changed } }]
}

/** The state and, before it, its length with the NUL. */
function changeState({ stream }: QemuFile, { at, bytes, section }: Spot, text: string) {
  if (!/^[a-z-]+$/.test(text) || text.length >= bytes.length)
    throw new StreamError(
      stream.path,
      '--set globalstate.runstate',
      `${JSON.stringify(text)}; expected the name of a run state of at most ${bytes.length - 1} letters`,
    )
  const from = bytes.toString('latin1').replace(/\0.*$/s, '')
  const state = Buffer.alloc(bytes.length)
  state.write(text)
  const changes = [{ field: 'globalstate.runstate', from, to: text, patch: { at, bytes: state } }]
  const size = findField(section.shape!, section.content!, 'size')
  if (!size) return changes
  const length = bytesOf(size.type, size.bytes.length, BigInt(text.length + 1))!
  const was = `${numberOf(size.type, size.bytes)}`
  const patch = { at: section.at + size.at, bytes: length }
  return [...changes, { field: 'globalstate.size', from: was, to: `${text.length + 1}`, patch }]
}

const generic = (name: string): string => name.replace(/^cpu\d{1,5}\./, 'cpuN.')

/** null: there is no such field in this stream. */
function spotOf({ stream }: QemuFile, name: string): Spot | null {
  const place = PLACES[generic(name)]
  if (!place) return null
  const section = devices(stream, place.device)[Number(/^cpu(\d+)\./.exec(name)?.[1] ?? 0)]
  if (!section?.shape || !section.content) return null
  const found = findField(section.shape, section.content, place.path, place.element)
  return found && { section, at: section.at + found.at, type: found.type, bytes: found.bytes }
}

function absent(file: QemuFile, name: string): string {
  const cpus = devices(file.stream, 'cpu').length
  const known = Object.keys(PLACES).flatMap((one) => {
    const first = one.replace('cpuN', 'cpu0')
    if (!spotOf(file, first)) return []
    return one.startsWith('cpuN') && cpus > 1
      ? [`${first} to ${one.replace('cpuN', `cpu${cpus - 1}`)}`]
      : [first]
  })
  return `there is no field ${JSON.stringify(name)} in this stream; expected one of ${known.join(', ')}`
}

function parse(text: string, wraps: boolean): bigint | null {
  if (!/^-?(\d{1,20}|0x[\da-f]{1,16})$/i.test(text)) return null
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
  return wraps && value < 0n && value >= -(1n << 63n) ? BigInt.asUintN(64, value) : value
}
