/**
 * recvTBDiff = guestTB - recvHostTB: the guest goes on with the timebase that it had when it was saved. Right for
 * a guest that was stopped; a running one is not charged for the migration.
 */
import type { ClockPolicy } from './policy.js'
import { restoreDec, saveDec } from './power-dec.js'
import { promising } from './promises.js'

export const powerStopped: ClockPolicy = {
  name: 'power-stopped',
  system: 'power',
  title: 'no compensation: TB resumes where it was saved',
  source: 'qemu-devel 2018-07, "timebase migration" thread: recvTBDiff = guestTB - recvHostTB',
  promises: promising({
    downtime: { pause: 'excluded', save: 'excluded', migrate: 'excluded' },
    hosts: 'alike',
    byWallClocks: false,
    counter: true,
    not: ['wall-error', 'stale-wall'],
  }),
  stop({ power, vmm }) {
    vmm.set('guest_timebase', power!.guestTimebase())
  },
  save(context) {
    return { guest_timebase: context.vmm.get('guest_timebase')!, ...saveDec(context) }
  },
  restore(context, saved) {
    context.vmm.set('guest_timebase', saved.guest_timebase!)
    context.power!.setGuestTimebase(saved.guest_timebase!)
    restoreDec(context, saved)
  },
  resume: resumeTimebase,
}

/** A pause on the same host: TB goes on from where it was stopped, DEC with it. */
export function resumeTimebase(context: Parameters<NonNullable<ClockPolicy['resume']>>[0]): void {
  if (context.cause !== 'pause') return
  const dec = saveDec(context)
  context.power!.setGuestTimebase(context.vmm.get('guest_timebase')!)
  restoreDec(context, dec)
}
