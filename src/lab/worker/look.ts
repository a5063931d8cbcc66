/** Everything that hosts and guests show at an instant. Nothing here changes them: a copy is read. */
import { shortNs } from '../../check/format.js'
import { RunState } from '../../core/machine.js'
import { clockIds } from '../../observation/log.js'
import { HostClocks, ModelPowerClocks, XenClocks } from '../../policy/clocks.js'
import type { GuestSpec, HostSpec, ReadClock, Scenario } from '../../scenario/types.js'
import type { World } from '../../world/world.js'
import type { Instant, Row, Structure } from '../protocol.js'
import { timePage, wallClock } from './structures.js'

/** `world` stands at `atNs`. */
export function lookAt(world: World, scenario: Scenario, atNs: bigint): Instant {
  return {
    atNs,
    hosts: scenario.hosts.map((spec) => ({
      name: spec.name,
      hypervisor: spec.hypervisor,
      rows: hostRows(world, spec, scenario.startNs + atNs),
    })),
    guests: scenario.guests.map((spec) => guestView(world, spec, scenario, atNs)),
  }
}

function hostRows(world: World, spec: HostSpec, trueWallNs: bigint): Row[] {
  const { machine } = world.host(spec.name)
  const clocks = new HostClocks(machine)
  const rows = [
    row(
      'wall clock',
      wallText(clocks.wallNs()),
      'what the host’s own kernel shows as the time of day',
      clocks.wallNs() - trueWallNs,
    ),
    row('uptime', nsText(clocks.uptimeNs()), 'its platform timer: ns since this host booted'),
  ]
  if (spec.tsc) rows.push(row('TSC', tickText(clocks.tsc()), 'its time stamp counter: ticks since power on'))
  if (spec.timebase) rows.push(row('TB', tickText(clocks.timebase()), 'its timebase register'))
  if (spec.hypervisor === 'xen') {
    const xen = new XenClocks(machine, true)
    const wcSec = BigInt.asUintN(64, machine.core.host_wc_sec())
    rows.push(
      row(
        'NOW()',
        nsText(xen.systemTime()),
        'Xen’s system time, which it publishes to guests as system_time',
      ),
      row('wc_sec', `${wcSec}`, 'what Xen believes UTC was at its system time 0'),
    )
  }
  return rows
}

// ---- guests

const WALLS: readonly ReadClock[] = ['realtime', 'gettimeofday']
const ELAPSED: readonly ReadClock[] = ['monotonic', 'boottime']
/** These start anywhere. */
const ANYWHERE: readonly ReadClock[] = ['monotonic-raw', 'sched']

function guestView(
  world: World,
  spec: GuestSpec,
  scenario: Scenario,
  atNs: bigint,
): Instant['guests'][number] {
  const { machine, host } = world.guest(spec.name)
  if (!machine) {
    const where = atNs < spec.bootNs ? 'not booted yet' : 'on no host: saved, on its way, or switched off'
    return { name: spec.name, where, rows: [], structures: [] }
  }
  const state = machine.core.machine_run_state()
  const doing = machine.fault ?? (state === RunState.running ? 'running' : 'stopped')
  const copy = machine.clone()
  const read = (clock: ReadClock) => copy.core.guest_read_clock(0, clockIds[clock])
  const walls = WALLS.map((clock) => {
    const value = read(clock)
    return row(clock, wallText(value), EXPLAIN[clock]!, value - scenario.startNs - atNs)
  })
  const elapsed = ELAPSED.map((clock) => {
    const value = read(clock)
    return row(clock, nsText(value), EXPLAIN[clock]!, value - (atNs - spec.bootNs))
  })
  const anywhere = ANYWHERE.map((clock) => row(clock, nsText(read(clock)), EXPLAIN[clock]!))
  const jiffies = row('jiffies', `${read('jiffies')}`, 'ticks that the kernel counted')
  const own = host.spec.timebase ? powerRows(world, spec) : tscRows(world, spec)
  return {
    name: spec.name,
    where: `${doing} on ${host.spec.name}`,
    rows: [...walls, ...elapsed, ...anywhere, jiffies, ...own],
    structures: structuresOf(world, spec),
  }
}

const EXPLAIN: Readonly<Partial<Record<ReadClock, string>>> = {
  realtime: 'CLOCK_REALTIME, the time of day',
  gettimeofday: 'the time of day as gettimeofday gives it',
  monotonic: 'CLOCK_MONOTONIC; from it nanosleep computes when to wake',
  boottime: 'CLOCK_BOOTTIME, also /proc/uptime',
  'monotonic-raw': 'CLOCK_MONOTONIC_RAW, untouched by NTP',
  sched: 'sched_clock: what the scheduler accounts by and printk shows',
}

function tscRows(world: World, spec: GuestSpec): Row[] {
  const { core } = world.guest(spec.name).machine!
  const rows = [
    row('TSC', tickText(BigInt.asUintN(64, core.rdtsc(0))), 'what rdtsc gives the guest on vCPU 0'),
  ]
  if (world.guest(spec.name).host.spec.hypervisor === 'kvm') {
    const offset = BigInt.asIntN(64, core.guest_tsc_offset(0))
    rows.push(row('TSC offset', tickText(offset), 'what KVM adds to the host’s (scaled) TSC'))
  }
  return rows
}

function powerRows(world: World, spec: GuestSpec): Row[] {
  const { machine, host } = world.guest(spec.name)
  const clocks = new ModelPowerClocks(machine!, host.spec.timebase!.frequencyHz, spec.dec?.bits ?? 32)
  const offset = BigInt.asIntN(64, machine!.core.guest_tb_offset())
  const expiry = clocks.decExpiry(0)
  return [
    row('TB', tickText(clocks.guestTimebase()), 'the timebase as mftb gives it to the guest'),
    row('TB offset', tickText(offset), 'what the hypervisor adds to the source of ticks'),
    row(
      'TB source',
      tickText(clocks.sourceTicks()),
      'the ticks before the offset: the host’s timebase or QEMU’s virtual clock',
    ),
    row('TB rate', `${clocks.guestTimebaseHz()} Hz`, 'how fast TB and DEC count now'),
    row(
      'DEC',
      tickText(clocks.decRemaining(0)),
      'ticks until the decrementer of vCPU 0 reaches 0; below 0 it has',
    ),
    row(
      'DEC expiry',
      expiry === null ? 'passed' : tickText(expiry),
      'the guest timebase at which DEC reaches 0',
    ),
    row('vmclk', nsText(clocks.vmclkNs()), 'QEMU’s virtual clock, which stands while the VM is stopped'),
  ]
}

function structuresOf(world: World, spec: GuestSpec): Structure[] {
  const machine = world.guest(spec.name).machine!
  const pages = Array.from({ length: Math.min(spec.vcpus, 4) }, (_, cpu) => timePage(machine, cpu))
  return [...pages, wallClock(machine)].flatMap((one) => one ?? [])
}

// ---- words

function row(name: string, value: string, explain: string, offNs: bigint | null = null): Row {
  const off =
    offNs === null
      ? null
      : offNs === 0n
        ? 'right'
        : `${offNs > 0n ? '+' : '−'}${shortNs(offNs < 0n ? -offNs : offNs)}`
  return { name, value, off, explain }
}

/** Digits in threes. */
function grouped(value: bigint): string {
  const digits = `${value < 0n ? -value : value}`.replace(/\B(?=(\d{3})+$)/g, '\u2009')
  return value < 0n ? `−${digits}` : digits
}

const tickText = (ticks: bigint): string => grouped(ticks)
const nsText = (ns: bigint): string => `${grouped(ns)} ns`

const NS = 1_000_000_000n
/** The last day that a Date knows. */
const LAST_SECOND = 8_640_000_000_000n

/** `2008-08-06 20:47:57.000000000`. */
function wallText(ns: bigint): string {
  const seconds = ns / NS - (ns < 0n && ns % NS !== 0n ? 1n : 0n)
  if (seconds > LAST_SECOND || seconds < -LAST_SECOND) return nsText(ns)
  const date = new Date(Number(seconds) * 1000).toISOString().replace('T', ' ').slice(0, -5)
  return `${date}.${`${ns - seconds * NS}`.padStart(9, '0')}`
}
