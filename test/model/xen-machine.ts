/**
 * Whole machines for the tests of linux-2-6-18-xen: a Xen host with a guest, and the guest's move to another
 * host. What policies do with clocks is done here by hand.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Build } from '../helpers/core.js'

type Call = (...args: (number | bigint)[]) => never
type Exports = Record<string, Call> & { memory: WebAssembly.Memory }

const FILES = { release: 'core.wasm', debug: 'core.debug.wasm' }
const XEN = 1
const LINUX_2_6_18_XEN = 1
const FULL = 1
const EXIT = 2

export const STOCK = 0
export const NO_REBASE = 1
export const FIX_2 = 2
export const FIX_3 = 3
/** Added to a variant. */
export const INDEPENDENT_WALLCLOCK = 8

export const CLOCK = { realtime: 0, monotonic: 1, sched: 6, steal: 7, jiffies: 8 }
export const SEEN = { wake: 3, ticks: 4, backwards: 5, softLockup: 7, settime: 13 }

export const MS = 1_000_000n
export const S = 1_000_000_000n
/** True time when the guest boots. */
export const BOOT = 1_000n * S
/** UTC at true time 0. */
export const EPOCH = 1_218_055_617n * S

export interface HostSpec {
  /** System time at true time 0, ns. TSC (2.4 GHz) and system time both began at power-on. */
  uptime: bigint
  /** Added to the TSC: ticks from power-on to the start of Xen. */
  firmwareTicks?: bigint
  /** The host's wall clock minus UTC, ns. */
  wallOffset?: bigint
  /** UTC at true time 0, if not EPOCH. */
  epoch?: bigint
}

export interface GuestSpec {
  variant?: number
  hz?: number
  wide?: boolean
  privileged?: boolean
  ntp?: boolean
  vcpus?: number
  /** One-shot sleepers: true time of the nanosleep, its length, the vCPU. */
  sleepers?: [at: bigint, length: bigint, cpu?: number][]
  /** Whether a process computes without end. */
  busy?: boolean
}

interface Seen {
  trueNs: bigint
  kind: number
  index: number
  value: bigint
}

const modules = new Map<Build, WebAssembly.Module>()

function compiled(build: Build): WebAssembly.Module {
  const url = new URL(`../../build/${FILES[build]}`, import.meta.url)
  const module = modules.get(build) ?? new WebAssembly.Module(readFileSync(url))
  modules.set(build, module)
  return module
}

export class Machine {
  readonly core: Exports
  readonly seen: Seen[] = []
  /** Arguments of what dom0 told its host, in order: UTC s for the CMOS clock, s for Xen. */
  readonly exits: { settime: bigint[]; rtc: bigint[] } = { settime: [], rtc: [] }
  private readonly epoch: bigint

  constructor(
    readonly build: Build,
    host: HostSpec,
    now: bigint,
  ) {
    const abort = () => {
      throw new Error('the core called abort')
    }
    this.core = new WebAssembly.Instance(compiled(build), { env: { abort } }).exports as unknown as Exports
    this.epoch = host.epoch ?? EPOCH
    const uptime = host.uptime + now
    this.call('machine_init', now)
    this.call('host_configure', XEN, 2_400_000, 0, 48, 1, 1, 0, 50_000, 0n)
    this.call('host_set_counter', 0, (uptime * 12n) / 5n + (host.firmwareTicks ?? 0n), 12n, 5n)
    this.call('host_set_counter', 2, uptime, 1n, 1n)
    this.call('host_set_counter', 3, this.epoch + now + (host.wallOffset ?? 0n), 1n, 1n)
    this.call('host_start')
    this.call('xen_sync_wall')
  }

  call(name: string, ...args: (number | bigint)[]): unknown {
    return this.core[name]!(...args)
  }

  /** Runs to true time `until`, serving what the core asks for. */
  run(until: bigint): this {
    let status: unknown
    do {
      status = this.call('run_until', until, 0)
      this.drain()
      if (status === EXIT) this.serve()
    } while (status === FULL || status === EXIT)
    expect(status).toBe(0)
    return this
  }

  get now(): bigint {
    return this.call('machine_now') as bigint
  }

  /** A clock as a process reads it now, ns. */
  clock(which: number, cpu = 0): bigint {
    return this.call('guest_read_clock', cpu, which) as bigint
  }

  /** The guest's wall clock minus UTC, ns. */
  error(): bigint {
    return this.clock(CLOCK.realtime) - this.epoch - this.now
  }

  count(kind: number): number {
    return this.seen.filter((record) => record.kind === kind).length
  }

  /** The most ticks that one interrupt processed. */
  mostTicks(): bigint {
    return this.seen.reduce((most, r) => (r.kind === SEEN.ticks && r.value > most ? r.value : most), 1n)
  }

  /** How long each sleeper that woke here had slept, true ns. */
  wakes(): bigint[] {
    return this.seen.filter((record) => record.kind === SEEN.wake).map((record) => record.value)
  }

  /** How long the sleeper that was added as number `index` slept, true ns. */
  slept(index: number): bigint | undefined {
    return this.seen.find((record) => record.kind === SEEN.wake && record.index === index)?.value
  }

  bytes(address: number, size: number): Uint8Array {
    return new Uint8Array(this.core.memory.buffer, address, size)
  }

  /** wc_version, wc_sec and wc_nsec of a 64-bit guest. */
  wallClock(): Uint8Array {
    return this.bytes((this.call('address_guest_memory') as number) + 0x1000 + 3072, 12)
  }

  private serve(): void {
    const exit = this.call('machine_exit') as number
    if (exit & 1) this.exits.settime.push(this.call('machine_exit_secs') as bigint)
    if (exit & 2) this.exits.rtc.push(this.call('machine_exit_rtc_secs') as bigint)
    this.call('machine_exit_clear')
  }

  private drain(): void {
    const view = new DataView(this.core.memory.buffer)
    const ring = this.call('address_ring') as number
    const records = this.call('address_records') as number
    const size = this.call('record_size') as number
    for (let i = 0, n = view.getUint32(ring, true); i < n; i++) {
      const record = records + i * size
      const trueNs = view.getBigUint64(record, true)
      const kind = view.getUint32(record + 8, true)
      const index = view.getUint32(record + 12, true)
      this.seen.push({ trueNs, kind, index, value: view.getBigInt64(record + 16, true) })
    }
    view.setUint32(ring, 0, true)
  }
}

/** A guest that boots on `host` at BOOT. */
export function boot(build: Build, host: HostSpec, guest: GuestSpec = {}): Machine {
  const m = new Machine(build, host, BOOT)
  const { variant = STOCK, hz = 100, wide = true, privileged = false, ntp = false, vcpus = 1 } = guest
  const flags = [wide, privileged].map(Number)
  m.call('guest_configure', LINUX_2_6_18_XEN, vcpus, ...flags, 0, hz, variant, 0, Number(ntp), 1, 0x100000)
  for (const [at, length, cpu = 0] of guest.sleepers ?? []) {
    m.call('workload_add_sleeper', CLOCK.monotonic, cpu, at, length, 0, 0n)
  }
  if (guest.busy) m.call('workload_add_busy', 0, BOOT, BOOT + 3600n * S)
  m.call('guest_publish_time')
  m.call('xen_update_wallclock')
  m.call('machine_boot')
  return m
}

/**
 * The guest of `a` suspends and goes on on another host `downtime` later. `stale`: the toolstack restores host A's
 * wall-clock fields over those that Xen wrote.
 */
export function migrate(a: Machine, host: HostSpec, downtime: bigint, stale = false): Machine {
  const now = a.now
  a.call('guest_suspend')
  a.call('machine_stop')
  const b = new Machine(a.build, host, now)
  const wallClock = a.wallClock().slice()
  const vcpus = a.call('machine_vcpus') as number
  const guest = a.call('address_guest') as number
  const memorySize = a.call('machine_memory_size') as number
  for (const [address, size] of [
    [guest, (a.call('address_state_end') as number) - guest],
    [a.call('address_guest_memory') as number, memorySize],
  ] as const) {
    b.bytes(address, size).set(a.bytes(address, size))
  }
  b.run(now + downtime)
  b.call('machine_set_memory_size', memorySize)
  b.call('machine_land', vcpus, now, 0n, LINUX_2_6_18_XEN)
  b.call('guest_publish_time')
  b.call('xen_update_wallclock')
  if (stale) b.wallClock().set(wallClock)
  b.call('machine_resume', 1)
  return b
}

export function expectNear(value: bigint | undefined, target: bigint, tolerance: bigint): void {
  const near = value !== undefined && value >= target - tolerance && value <= target + tolerance
  expect(near, `${value} ns is not ${target} ± ${tolerance} ns`).toBe(true)
}
