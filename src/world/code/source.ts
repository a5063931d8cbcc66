/**
 * What the timebase of a machine-code guest counts, as exact rationals: where it stands and how fast it goes, by the
 * clocks of the host that the guest is on. One of three, as for models (TB_HOST, TB_SCALED, TB_VIRTUAL_CLOCK).
 */
import { u64 } from '../../core/exports.js'
import { TbSource } from '../../policy/clocks.js'
import type { Host } from '../host.js'

const SECOND = 1_000_000_000n
/** A host's counters go num/DEN a true ns. */
const DEN = SECOND * SECOND

const Counter = { timebase: 1, mono: 2 } as const

/** Ticks and ticks a true ns, both over `den`. */
export interface Standing {
  readonly at: bigint
  readonly rate: bigint
  readonly den: bigint
}

/** Everything that the VMM set; QEMU's virtual clock is `mono + offset`, or stands at `held`. */
export interface Source {
  kind: (typeof TbSource)[keyof typeof TbSource]
  hz: bigint
  vmclkOffsetNs: bigint
  vmclkHeldNs: bigint | null
}

/** The host's counter `which`, with the fraction of a count. */
function standing(host: Host, which: keyof typeof Counter): Standing {
  const { core } = host.machine
  const count = u64(core.host_read_counter(Counter[which]))
  const part = u64(core.host_read_fraction(Counter[which]))
  const { timebase, clockErrorPpb } = host.spec
  const rate =
    which === 'mono'
      ? SECOND * (SECOND + clockErrorPpb)
      : timebase!.frequencyHz * (SECOND + timebase!.errorPpb)
  return { at: count * DEN + part, rate, den: DEN }
}

const times = ({ at, rate, den }: Standing, by: bigint, over: bigint): Standing => ({
  at: at * by,
  rate: rate * by,
  den: den * over,
})

/** QEMU's virtual clock, ns. */
export function vmclkNs(host: Host, { vmclkHeldNs, vmclkOffsetNs }: Source): bigint {
  return vmclkHeldNs ?? u64(host.machine.core.host_read_counter(Counter.mono)) + vmclkOffsetNs
}

/** Where the source stands now. */
export function sourceOf(host: Host, source: Source): Standing {
  if (source.kind === TbSource.host) return standing(host, 'timebase')
  if (source.kind === TbSource.scaled)
    return times(standing(host, 'timebase'), source.hz, host.spec.timebase!.frequencyHz)
  const { vmclkHeldNs, vmclkOffsetNs, hz } = source
  if (vmclkHeldNs !== null) return { at: vmclkHeldNs * hz, rate: 0n, den: SECOND }
  const mono = standing(host, 'mono')
  return times({ ...mono, at: mono.at + vmclkOffsetNs * mono.den }, hz, SECOND)
}

/** Whole ticks. */
export const ticksOf = ({ at, den }: Standing): bigint => at / den

/** The arguments of the core's set_source for a CPU of `cpuHz`: ticks + part/den now, num/den a cycle. */
export function perCycle({ at, rate, den }: Standing, cpuHz: bigint) {
  // rate/den a ns is rate·10^9 / (den·cpuHz) a cycle; what has gone by of a tick goes on the same denominator.
  const whole = den * cpuHz
  const num = rate * SECOND
  const part = (at % den) * cpuHz
  const common = gcd(gcd(num, part), whole)
  const reduced = { num: num / common, part: part / common, den: whole / common }
  if (reduced.den < 1n << 63n && reduced.num < 1n << 63n) return { ticks: u64(at / den), ...reduced }
  // Then the fraction of a tick is given up, which no guest can tell from an earlier start; the rate stays exact.
  const rough = gcd(num, whole)
  return { ticks: u64(at / den), num: num / rough, part: 0n, den: whole / rough }
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}
