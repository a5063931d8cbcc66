/**
 * early-wake: a sleeper wakes before its time.
 *
 * Measured: the duration it asked for minus the true time that went by, stops included; the largest, ns. A clock
 * that counts a stop may let its sleepers go when the guest goes on, so a stop never makes a wake early.
 */
import { type Check, Worst } from './finding.js'
import { shortNs } from './format.js'
import { sleepsOf } from './sleeps.js'

export const earlyWake: Check = {
  unit: 'ns',
  limit: (checks) => checks['early-wake']?.limitNs,
  measure({ guest, run }) {
    if (guest.sleepers.length === 0) return 'nobody sleeps'
    const worst = new Worst()
    let asked = 0n
    for (const { sleeper, durationNs, elapsedNs, wokeNs } of sleepsOf(guest, run)) {
      if (wokeNs === null || durationNs - elapsedNs <= worst.value) continue
      worst.offer(durationNs - elapsedNs, wokeNs, guest.sleepers[sleeper]!.name)
      asked = durationNs
    }
    return worst.finding(
      'nobody woke early',
      (value, name) => `sleeper ${name} asked for ${shortNs(asked)} and woke ${shortNs(value)} too soon`,
    )
  },
}
