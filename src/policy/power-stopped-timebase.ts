/**
 * The open question of the 2018 thread, answered: the stream carries the timebase at the save *and*, for a guest
 * that was stopped before, the timebase at which it last stopped. A stopped guest resumes with the latter however
 * long it lay; a running one is charged for the migration.
 */
import type { ClockPolicy } from './policy.js'
import { chargedTimebase, restoreDec, saveDec } from './power-dec.js'
import { resumeTimebase } from './power-stopped.js'
import { promising } from './promises.js'

export const powerStoppedTimebase: ClockPolicy = {
  name: 'power-stopped-timebase',
  system: 'power',
  title: 'proposal: a separate timebase of the last stop, beside guest_timebase',
  source: 'qemu-devel 2018-07, "timebase migration" thread: a stopped-guest timebase in the stream',
  promises: promising({
    downtime: { pause: 'excluded', save: 'excluded', migrate: 'counted' },
    hosts: 'alike',
    counter: true,
    not: ['wall-error', 'stale-wall'],
  }),
  stop({ power, vmm }) {
    vmm.set('guest_timebase', power!.guestTimebase())
  },
  save(context) {
    const { power, vmm, host, wasRunning, cause } = context
    const stays = !wasRunning || cause === 'save'
    return {
      guest_timebase: power!.guestTimebase(),
      time_of_the_day_ns: host.wallNs(),
      ...(stays ? { stopped_guest_timebase: vmm.get('guest_timebase')! } : {}),
      ...saveDec(context),
    }
  },
  restore(context, saved) {
    const { power, host, vmm } = context
    const stopped = saved.stopped_guest_timebase
    const migrationNs = host.wallNs() - saved.time_of_the_day_ns!
    const timebase = stopped ?? chargedTimebase(saved.guest_timebase!, migrationNs, power!.hostTimebaseHz())
    vmm.set('guest_timebase', timebase)
    power!.setGuestTimebase(timebase)
    restoreDec(context, saved)
  },
  resume: resumeTimebase,
}
