/** Hosts as one finds them: of any age, with crystals and calibrations that are off, and more or less in time. */
import type { HostSpec, HostTimebase, HostTsc } from '../scenario/types.js'
import type { Random } from './random.js'
import type { Subject } from './subject.js'

const SECOND = 1_000_000_000n
const DAY = 86_400n * SECOND
export const NOWHERE = { line: 1, column: 1 } as const

/** How well the hosts keep the time of day. */
export type Walls = 'right' | 'synced' | 'wrong'

const TSC_HZ = [1_995_000_000n, 2_400_000_000n, 2_400_084_000n, 2_992_500_000n, 3_700_000_000n]
const TIMEBASE_HZ = [512_000_000n, 500_000_000n, 531_000_000n]
/** What crystals, and what platform timers are off, at most. */
const CRYSTAL_PPB = 50_000n
const TIMER_PPB = 30_000n
/** What a calibration of the TSC is off, at most. */
const CALIBRATION_PPB = 30_000n

export function drawHosts(random: Random, subject: Subject): HostSpec[] {
  const walls = random.weighted<Walls>({ right: 50, synced: 35, wrong: 15 })
  const alike = random.chance(75)
  const hertz = subject.hypervisor.startsWith('power') ? TIMEBASE_HZ : TSC_HZ
  const common = random.pick(hertz)
  const exact = random.chance(30)
  const count = Number(random.weighted({ 1: 8, 2: 77, 3: 15 }))
  return ['a', 'b', 'c'].slice(0, count).map((name, i) => {
    const hz = alike || i === 0 ? common : random.pick(hertz.filter((other) => other !== common))
    return drawHost(random, subject, { name, hz, walls, exact, alike })
  })
}

interface Given {
  readonly name: string
  readonly hz: bigint
  readonly walls: Walls
  /** Its oscillators are right. */
  readonly exact: boolean
  readonly alike: boolean
}

function drawHost(random: Random, { hypervisor }: Subject, given: Given): HostSpec {
  const { name, hz, walls, exact } = given
  const onPower = hypervisor.startsWith('power')
  const errorPpb = exact ? 0n : drawPpb(random, CRYSTAL_PPB)
  const timebase: HostTimebase = { frequencyHz: hz, errorPpb, atStart: null }
  return {
    name,
    hypervisor,
    uptimeNs: random.chance(10) ? 0n : random.magnitude(SECOND, 1000n * DAY),
    tsc: onPower ? null : drawTsc(random, hypervisor === 'kvm', { ...given, errorPpb }),
    timebase: onPower ? timebase : null,
    clockErrorPpb: exact ? 0n : drawPpb(random, TIMER_PPB),
    wallOffsetNs: walls === 'right' ? 0n : random.around(walls === 'synced' ? SECOND / 50n : 5n * SECOND),
    wallRatePpb: walls === 'right' ? 0n : random.around(20n) * 1000n,
    wallPushed: random.chance(80) ? 'every-11-min' : 'when-set',
    kvmclock: null,
    timerSlopNs: hypervisor === 'xen' ? 50_000n : 0n,
    position: NOWHERE,
  }
}

function drawTsc(random: Random, isKvm: boolean, host: Given & { readonly errorPpb: bigint }): HostTsc {
  const { hz, errorPpb, exact, alike } = host
  const trueHz = hz + (hz * errorPpb) / SECOND
  const calibratedHz = trueHz + (trueHz * random.around(CALIBRATION_PPB)) / SECOND
  const trusted = isKvm || random.chance(40)
  return {
    frequencyHz: hz,
    errorPpb,
    calibratedHz: exact || random.chance(40) ? null : calibratedHz - (calibratedHz % 1000n),
    atStart: null,
    constant: true,
    reliable: trusted,
    clocksource: trusted,
    // KVM refuses a guest of another frequency where the hardware cannot scale.
    scalingBits: isKvm && alike ? random.pick([null, 48, 32] as const) : random.pick([48, 32] as const),
  }
}

/** Whole ppm in most cases. */
function drawPpb(random: Random, most: bigint): bigint {
  return random.chance(70) ? random.around(most / 1000n) * 1000n : random.around(most)
}
