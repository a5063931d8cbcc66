/**
 * Third proposal of the BUG 1282 mail: get_time_values_from_xen and __update_wallclock track the offset between
 * hosts themselves. The cure is in the guest: assembly/model/linux-2-6-18-xen, variant fix-3.
 */
import type { ClockPolicy } from './policy.js'
import { xen2008, xen2008FreshWallclock } from './xen-2008.js'

const fix = { variant: 'fix-3', source: 'xen-devel 2008-08-06 msg00258, proposal 3' } as const

export const xenFix3: ClockPolicy = {
  ...xen2008,
  ...fix,
  name: 'xen-fix-3',
  title: 'proposal 3: the guest tracks the offset whenever it reads Xen’s time',
}

export const xenFix3FreshWallclock: ClockPolicy = {
  ...xen2008FreshWallclock,
  ...fix,
  name: 'xen-fix-3-fresh-wc',
  title: 'proposal 3, with the toolstack mended',
}
