/**
 * Second proposal of the BUG 1282 mail: the guest's time_init and time_resume compute the host's boot time from
 * wc_sec, wc_nsec and system_time, and adjust an offset that get_nsec_offset and get_usec_offset add. The cure is
 * in the guest: assembly/model/linux-2-6-18-xen, variant fix-2.
 */
import type { ClockPolicy } from './policy.js'
import { xen2008, xen2008FreshWallclock } from './xen-2008.js'

const fix = { variant: 'fix-2', source: 'xen-devel 2008-08-06 msg00258, proposal 2' } as const

export const xenFix2: ClockPolicy = {
  ...xen2008,
  ...fix,
  name: 'xen-fix-2',
  title: 'proposal 2: the guest computes its host’s boot time in time_resume',
}

export const xenFix2FreshWallclock: ClockPolicy = {
  ...xen2008FreshWallclock,
  ...fix,
  name: 'xen-fix-2-fresh-wc',
  title: 'proposal 2, with the toolstack mended',
}
