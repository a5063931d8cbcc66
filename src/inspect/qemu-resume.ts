/**
 * A QEMU guest's clocks, were its stream loaded on a given host: the policies themselves are asked, on a machine of
 * the core that has that host's clocks and a guest that does not run yet.
 */
import type { Machine } from '../core/machine.js'
import { nsToTicks, timebaseOffset } from '../math/timebase.js'
import { HostClocks, KvmClocks, ModelPowerClocks } from '../policy/clocks.js'
import { builtInPolicy } from '../policy/index.js'
import type { ClockPolicy, PolicyContext, SavedClocks } from '../policy/policy.js'
import type { HostSpec, Hypervisor } from '../scenario/types.js'
import type { PowerTime, QemuTime, X86Time } from '../stream/qemu/time.js'
import { Host } from '../world/host.js'
import { type HostClockValues, PROGRAMS } from '../world/index.js'
import type { Resumed, ResumedClock } from './format.js'

/** Of a pseries machine under TCG, and of what KVM's hosts have; for a stream without its device tree. */
export const PSERIES_HZ = 512_000_000n

/** Guests of the core have no more vCPUs; the rest of a larger one's is left out. */
const MAX_VCPUS = 32
const MEMORY_BYTES = 1 << 20
/** Of the host whose TSC frequency nothing tells. */
const SOME_KHZ = 1_000_000n
const TbSource = { host: 0, virtualClock: 1 } as const

/** Those that can restore what a QEMU stream has in it, QEMU's own rule for this stream first. */
export function powerPolicies({ tree }: PowerTime): readonly string[] {
  const kvm = ['power-qemu', 'power-stopped', 'power-running', 'power-dec-lost']
  return tree?.kvm === false ? ['power-tcg', ...kvm] : [...kvm, 'power-tcg']
}

export const timebaseHz = ({ tree }: PowerTime): bigint => tree?.timebaseHz ?? PSERIES_HZ

/** What a policy's `save` would have returned. An expired DEC is in it if `expired` says so. */
export function powerClocks(time: QemuTime, policy: string, expired: boolean): SavedClocks | null {
  const power = time.power!
  const tcg = policy === 'power-tcg'
  if (tcg && time.virtualClockNs === null) return null
  const timebase = tcg ? nsToTicks(timebaseHz(power), time.virtualClockNs!) : power.guestTimebase
  const clocks: Record<string, bigint> = tcg
    ? { vmclk: time.virtualClockNs! }
    : { guest_timebase: power.guestTimebase, time_of_the_day_ns: power.timeOfTheDayNs }
  power.cpus.slice(0, MAX_VCPUS).forEach(({ dec }, cpu) => {
    if (expired || dec >= 0n) clocks[`dec_expiry_${cpu}`] = BigInt.asUintN(64, timebase + dec)
  })
  return clocks
}

export function kvmClocks({ kvmclock, cpus }: X86Time): SavedClocks {
  const clocks: Record<string, bigint> = { clock: kvmclock!.clockNs, tsc_khz: cpus[0]?.tscKhz || SOME_KHZ }
  cpus.slice(0, MAX_VCPUS).forEach(({ tsc }, cpu) => {
    clocks[`tsc_${cpu}`] = tsc
  })
  return clocks
}

// ---- Power

/** Under every policy that can load the stream; QEMU's own first. */
export function resumePower(time: QemuTime, host: HostClockValues): Resumed {
  const [first, ...others] = powerPolicies(time.power!)
  const clocks = [first!, ...others].flatMap((name) => powerRows(time, builtInPolicy(name), host))
  return { host, policy: first!, clocks }
}

function powerRows(time: QemuTime, policy: ClockPolicy, values: HostClockValues): ResumedClock[] {
  const power = time.power!
  const saved = powerClocks(time, policy.name, true)
  if (!saved) return []
  const tcg = policy.name === 'power-tcg'
  const hz = timebaseHz(power)
  const cpus = power.cpus.slice(0, MAX_VCPUS)
  const machine = machineOn(tcg ? 'power-tcg' : 'power-kvm', values, power.timeOfTheDayNs, hz, 'timebase')
  const bits = cpus[0]?.decBits ?? 32
  install(machine, PROGRAMS['linux-ppc64'], cpus.length)
  machine.core.guest_configure_power(
    tcg ? TbSource.virtualClock : TbSource.host,
    Number(hz),
    Number(hz),
    bits,
    1,
    0,
  )
  const clocks = new ModelPowerClocks(machine, hz, bits)
  load(policy, { ...contextOf(time, machine), power: clocks }, saved)
  const timebase = clocks.guestTimebase()
  const rounding = () => `. ${roundingNote(hz, timebase - clocks.hostTimebase())}`
  const note = policy.name === 'power-qemu' ? `${policy.title}${rounding()}` : policy.title
  const before = tcg ? nsToTicks(hz, saved.vmclk!) : power.guestTimebase
  return [
    { name: `TB, ${policy.name}`, unit: 'ticks', saved: before, resumed: timebase, note },
    ...cpus.map(({ dec }, cpu): ResumedClock => {
      const name = `DEC${cpus.length === 1 ? '' : ` ${cpu}`}, ${policy.name}`
      return { name, unit: 'ticks', saved: dec, resumed: clocks.decRemaining(cpu) }
    }),
  ]
}

/** KVM_REG_PPC_TB_OFFSET takes whole 2^24 ticks; the policies leave that out. */
function roundingNote(hz: bigint, offset: bigint): string {
  const { aheadTicks, aheadNs } = timebaseOffset(hz, BigInt.asIntN(64, offset))
  return `KVM rounds its offset up: ${aheadTicks} ticks (${aheadNs} ns) more`
}

// ---- x86

/** For a stream with a kvmclock; without one the TSC follows the virtual clock. */
export function resumeKvm(time: QemuTime, values: HostClockValues): Resumed {
  const { kvmclock, cpus: all } = time.x86!
  const cpus = all.slice(0, MAX_VCPUS)
  const saved = kvmClocks(time.x86!)
  const machine = machineOn('kvm', values, 0n, saved.tsc_khz! * 1000n, 'tsc')
  install(machine, PROGRAMS['linux-kvm'], cpus.length)
  const kvm = new KvmClocks(machine)
  load(builtInPolicy('kvm-qemu'), { ...contextOf(time, machine), kvm }, saved)
  const clocks: ResumedClock[] = [
    { name: 'kvmclock', unit: 'ns', saved: kvmclock!.clockNs, resumed: kvm.getClock().clock },
    ...cpus.map(({ tsc }, cpu): ResumedClock => {
      return { name: `TSC ${cpu}`, unit: 'ticks', saved: tsc, resumed: kvm.tsc(cpu) }
    }),
  ]
  return { host: values, policy: 'kvm-qemu', clocks }
}

// ---- both

/** A machine on a host that shows these values now; what is not given is as if no time had gone by. */
function machineOn(
  hypervisor: Hypervisor,
  { uptimeNs = 0n, wallNs, tsc, timebase }: HostClockValues,
  savedWallNs: bigint,
  hz: bigint,
  counter: 'tsc' | 'timebase',
): Machine {
  const common = { frequencyHz: hz, errorPpb: 0n }
  const spec: HostSpec = {
    name: 'host',
    hypervisor,
    uptimeNs,
    tsc:
      counter === 'timebase'
        ? null
        : {
            ...common,
            atStart: tsc ?? null,
            calibratedHz: null,
            constant: true,
            reliable: true,
            clocksource: true,
            scalingBits: 48,
          },
    timebase: counter === 'tsc' ? null : { ...common, atStart: timebase ?? null },
    clockErrorPpb: 0n,
    wallOffsetNs: 0n,
    wallRatePpb: 0n,
    wallPushed: 'every-11-min',
    kvmclock: null,
    timerSlopNs: 0n,
    position: { line: 1, column: 1 },
  }
  const options = { startWallNs: wallNs ?? savedWallNs, epochSystemTime: false, syncsWall: true }
  return new Host(spec, { ...options, build: 'release' }).machine.clone()
}

function install(machine: Machine, program: number, vcpus: number): void {
  machine.growMemory(MEMORY_BYTES)
  machine.core.guest_configure(program, vcpus, 1, 0, 0, 100, 0, 0, 0, 1, MEMORY_BYTES)
}

function contextOf({ runState }: QemuTime, machine: Machine): PolicyContext {
  return {
    cause: 'migrate',
    wasRunning: runState !== 'paused',
    host: new HostClocks(machine),
    vmm: new Map(),
  }
}

function load(policy: ClockPolicy, context: PolicyContext, saved: SavedClocks): void {
  policy.restore(context, saved)
  policy.resume?.(context)
}
