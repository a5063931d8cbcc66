/**
 * late-wake: a sleeper wakes later than it asked for.
 *
 * Measured: true time in which the guest ran while it slept, minus the duration it asked for; the largest, ns. Time
 * in which the guest was stopped never makes a wake late, whether the clock slept on counts it or not.
 * A sleeper that is overdue at the end of the run is late by at least that much; but one that is overdue by more
 * than the limit of `lost-wake` is lost, and is named there only.
 */
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import { overdueNs, sleepsOf } from './sleeps.js'

export const lateWake: Check = {
  unit: 'ns',
  limit: (checks) => checks['late-wake']?.limitNs,
  measure({ guest, run }, checks) {
    if (guest.sleepers.length === 0) return 'nobody sleeps'
    const lost = checks['lost-wake']
    const worst = new Worst()
    let asked = 0n
    for (const sleep of sleepsOf(guest, run)) {
      const late = overdueNs(sleep)
      if (late <= worst.value) continue
      if (sleep.wokeNs === null && lost && late > lost.limitNs) continue
      worst.offer(late, sleep.wokeNs ?? run.endNs, guest.sleepers[sleep.sleeper]!.name)
      asked = sleep.durationNs
    }
    return worst.finding(
      'nobody woke late',
      (value, name) => `sleeper ${name} asked for ${shortNs(asked)} and slept ${shortNs(value)} more`,
    )
  },
}
