/**
 * First proposal of the BUG 1282 mail: the hypervisor's system_time starts at the Unix epoch instead of at host
 * boot. Guests are unchanged. UTC at system_time 0 is then about 0 on every host whose clock is right, so a stale
 * copy of it does no harm, and a guest that never rebases sees system_time go on.
 */
import type { ClockPolicy } from './policy.js'
import { xen2008, xen2008FreshWallclock } from './xen-2008.js'

const fix = {
  hypervisor: { ...xen2008.hypervisor, systemTimeEpoch: 'unix' },
  source: 'xen-devel 2008-08-06 msg00258, proposal 1',
} as const

export const xenFix1: ClockPolicy = {
  ...xen2008,
  ...fix,
  name: 'xen-fix-1',
  title: 'proposal 1: system_time starts at the Unix epoch',
}

export const xenFix1FreshWallclock: ClockPolicy = {
  ...xen2008FreshWallclock,
  ...fix,
  name: 'xen-fix-1-fresh-wc',
  title: 'proposal 1, with the toolstack mended',
}
