/**
 * lost-wake: a sleeper never wakes.
 *
 * Measured: of sleepers that are asleep at the end of the run, by how much the time in which the guest ran exceeds
 * the duration they asked for; the largest, ns. The instant is its issue plus
 * that duration, when it should have woken if nothing had stopped the guest. A guest that is stopped at the end is not at fault: only running time counts.
 */
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import { overdueNs, sleepsOf } from './sleeps.js'

export const lostWake: Check = {
  unit: 'ns',
  limit: (checks) => checks['lost-wake']?.limitNs,
  measure({ guest, run }) {
    if (guest.sleepers.length === 0) return 'nobody sleeps'
    const worst = new Worst()
    let asked = 0n
    for (const sleep of sleepsOf(guest, run)) {
      const overdue = overdueNs(sleep)
      if (sleep.wokeNs !== null || overdue <= worst.value) continue
      worst.offer(overdue, sleep.issuedNs + sleep.durationNs, guest.sleepers[sleep.sleeper]!.name)
      asked = sleep.durationNs
    }
    return worst.finding(
      'nobody is overdue',
      (value, name) =>
        `sleeper ${name} asked for ${shortNs(asked)} and is ${shortNs(value)} overdue at the end`,
    )
  },
}
