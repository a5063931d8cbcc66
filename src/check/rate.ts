/**
 * rate: a clock runs too fast or too slow.
 *
 * Measured: the slope of the clock against true time, minus one, in parts per billion; positive is fast. It is taken
 * from the first and the last reading of every *stretch* of at least one second, and the worst counts. A stretch is
 * readings between which nothing else happened to the clock:
 *
 *     | stretch |stop| stretch |corr.| stretch |  jump | stretch | . . stall . . | stretch |
 *
 * It ends at a stop, a correction or a slew, a change of the frequency that the guest was told, a step (warp, jump)
 * and where the clock stands still: those have names of their own and would drown the rate. A stall begins and ends
 * somewhere between two readings, so the pairs around it belong to no stretch either.
 * Allowed: two microseconds per stretch, because some clocks count whole microseconds.
 */
import type { Scenario } from '../scenario/types.js'
import type { GuestResult } from '../world/result.js'
import { type Check, magnitude, Worst } from './finding.js'
import { shortAt, shortNs, shortPpb } from './format.js'
import type { Series } from './series.js'
import type { Span } from './span.js'
import { anyStepAhead, isStopped, RESOLUTION_NS, stepLimitNs } from './steps.js'

const PPB = 1_000_000_000n
const SHORTEST_NS = 1_000_000_000n
/** A clock that has not moved for this long stands still. */
const REST_NS = 1_000_000n

export const rate: Check = {
  unit: 'ppb',
  limit: ({ rate }) => rate?.limitPpb,
  measure({ guest, series, run }, checks) {
    const judged = series.filter(({ kind }) => kind === 'wall' || kind === 'elapsed')
    const worst = new Worst()
    let length = 0n
    let stretches = 0
    for (const readings of judged) {
      const disturbed = disturbances(run.scenario, guest, readings)
      for (const [first, last] of stretchesOf(readings, disturbed, stepLimitNs(checks))) {
        const trueNs = readings.trueNs(last) - readings.trueNs(first)
        if (trueNs < SHORTEST_NS) continue
        stretches++
        const before = worst.value
        worst.offer(
          slopePpb(readings.value(last) - readings.value(first) - trueNs, trueNs),
          readings.trueNs(first),
          readings.name,
        )
        if (worst.value !== before) length = trueNs
      }
    }
    if (stretches === 0) return 'no clock was read for a second without disturbance'
    return worst.finding('every clock kept its rate', (value, name) => {
      const ran = `${name} ran ${shortPpb(magnitude(value))} ${value > 0n ? 'fast' : 'slow'}`
      return `${ran} for ${shortNs(length)} from ${shortAt(worst.atTrueNs!)}`
    })
  },
}

function slopePpb(gainedNs: bigint, trueNs: bigint): bigint {
  const size = magnitude(gainedNs)
  if (size <= RESOLUTION_NS) return 0n
  const slope = ((size - RESOLUTION_NS) * PPB) / trueNs
  return gainedNs < 0n ? -slope : slope
}

/** When something other than its rate may have moved this clock, by time. Stops show in the readings. */
function disturbances(scenario: Scenario, guest: GuestResult, { kind, clock }: Series): Span[] {
  // One of no length does not show in the readings either.
  const spans: Span[] = guest.stops.filter(({ fromNs, untilNs }) => fromNs === untilNs)
  const hosts = new Set([...guest.stops.flatMap(({ fromHost, toHost }) => [fromHost, toHost])])
  hosts.add(scenario.guests.find(({ name }) => name === guest.name)!.on)
  for (const event of scenario.events) {
    const { atNs } = event
    if (event.kind === 'tell-frequency' && event.guest === guest.name)
      spans.push({ fromNs: atNs, untilNs: atNs })
    // The kernel's adjtime slews everything but the raw clocks.
    const slewed = event.kind === 'guest-ntp-slew' && event.guest === guest.name
    if (slewed && clock !== 'monotonic-raw' && clock !== 'sched')
      spans.push({ fromNs: atNs, untilNs: atNs + event.forNs })
    if (event.kind === 'ntp-slew' && kind === 'wall' && hosts.has(event.host)) {
      spans.push({ fromNs: atNs, untilNs: atNs + event.forNs })
    }
  }
  return spans
}

/** First and last reading of every stretch, in their order. */
function* stretchesOf(
  readings: Series,
  disturbed: readonly Span[],
  stepLimit: bigint,
): Generator<[number, number]> {
  let first = 0
  // The last reading at which the clock had moved, and whether it has been resting for too long since.
  let moved = 0
  let resting = false
  for (let k = 1; k < readings.length; k++) {
    const step = readings.value(k) - readings.value(k - 1)
    const trueNs = readings.trueNs(k) - readings.trueNs(k - 1)
    if (resting) {
      // The pair in which it starts to move again is not whole.
      if (step === 0n) continue
      resting = false
      first = moved = k
      continue
    }
    const broken =
      step < 0n ||
      readings.excused(k) ||
      isStopped(readings, k) ||
      disturbed.some(
        ({ fromNs, untilNs }) => fromNs <= readings.trueNs(k) && untilNs >= readings.trueNs(k - 1),
      ) ||
      (step - trueNs > stepLimit && anyStepAhead(readings, k, stepLimit) > 0n)
    if (broken) {
      if (k - 1 > first) yield [first, k - 1]
      first = moved = k
      continue
    }
    if (step !== 0n) moved = k
    else if (readings.trueNs(k) - readings.trueNs(moved) >= REST_NS) {
      if (moved - 1 > first) yield [first, moved - 1]
      resting = true
    }
  }
  if (!resting && readings.length - 1 > first) yield [first, readings.length - 1]
}
