/**
 * seam: what a stop does to a clock beyond its downtime, however little it is.
 *
 *     reading before ──── running ──── stop ──── running ──── reading after        runningNs, and stopped in between
 *
 * Over a stop a clock has to gain the time in which the guest ran; of the downtime it may gain as much as
 * `monotonic.downtime` says: everything from nothing to all (`either`), all (`counted`), nothing (`excluded`).
 * Measured: what it gained beyond that (positive) or fell short of it (negative); the largest by magnitude, ns, of
 * the clocks that count elapsed time, and of the counter, turned into ns at the frequency that the guest was told.
 * A counter and CLOCK_BOOTTIME have their own ways with a downtime and may always gain what `either` allows.
 * A stop of no length (a migration there and back within an instant) may show nothing at all.
 * Allowed: one tick or microsecond of resolution. Rates have errors, and the readings are apart: the limit has to
 * make up for that.
 * Off unless a scenario asks for it: `jump`, `warp`, `stall` and `monotonic` have names for what is large.
 */
import { counterHz } from './counter.js'
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import type { Series } from './series.js'
import { RESOLUTION_NS, runningNs } from './steps.js'

const NS_PER_S = 1_000_000_000n

export const seam: Check = {
  unit: 'ns',
  limit: (checks) => checks.seam?.limitNs,
  measure({ guest, spec, series, run }, checks) {
    const stops = guest.stops.filter(({ resumed }) => resumed)
    if (stops.length === 0) return 'the guest was not stopped and resumed'
    const judged = series.filter(
      ({ kind, length }) => (kind === 'elapsed' || kind === 'counter') && length > 1,
    )
    if (judged.length === 0) return 'no clock was read twice'
    const downtime = checks.monotonic?.downtime ?? 'either'
    const hz = counterHz(spec, run.scenario.hosts)
    const worst = new Worst()
    for (const readings of judged) {
      const own = readings.kind === 'counter' || readings.clock === 'boottime' || readings.clock === 'uptime'
      for (const { fromNs, untilNs } of stops) {
        const after = readings.firstAt(untilNs + 1n)
        const before = readings.firstAt(fromNs) - 1
        if (before < 0 || after >= readings.length) continue
        const off = beyond(readings, before, after, own ? 'either' : downtime, hz)
        worst.offer(off, readings.trueNs(after), readings.name)
      }
    }
    return worst.finding('no stop shows in a clock', (value, name) =>
      value > 0n
        ? `over a stop ${name} gained ${shortNs(value)} too much`
        : `over a stop ${name} gained ${shortNs(-value)} too little`,
    )
  },
}

/** What the clock gained from reading `before` to reading `after` beyond what it may, 0 if nothing. */
function beyond(
  readings: Series,
  before: number,
  after: number,
  downtime: 'either' | 'counted' | 'excluded',
  hz: bigint,
): bigint {
  const ticks = readings.value(after) - readings.value(before)
  const gained = readings.kind === 'counter' ? (ticks * NS_PER_S) / hz : ticks
  const stopped = readings.stoppedNs(after) - readings.stoppedNs(before)
  const extra = gained - runningNs(readings, after, before)
  const [least, most] = [downtime === 'counted' ? stopped : 0n, downtime === 'excluded' ? 0n : stopped]
  if (extra > most + RESOLUTION_NS) return extra - most
  return extra < least - RESOLUTION_NS ? extra - least : 0n
}
