/**
 * recvTBDiff = guestTB + migrationTime * freq - recvHostTB: the guest is charged for the migration, as if it had
 * run on. migrationTime is the destination's wall clock at the load minus the source's at the save, so it is as
 * good as the two clocks agree; and a guest that was stopped is charged for being stopped.
 */
import type { ClockPolicy } from './policy.js'
import { chargedTimebase, restoreDec, saveDec } from './power-dec.js'
import { promising } from './promises.js'

export const powerRunning: ClockPolicy = {
  name: 'power-running',
  system: 'power',
  title: 'compensated: TB is charged for the migration, by the hosts’ wall clocks',
  source:
    'qemu-devel 2018-07, "timebase migration" thread: recvTBDiff = guestTB + migrationTime*freq - recvHostTB',
  promises: promising({
    downtime: { pause: 'counted', save: 'counted', migrate: 'counted' },
    hosts: 'alike',
    counter: true,
  }),
  save(context) {
    return {
      guest_timebase: context.power!.guestTimebase(),
      time_of_the_day_ns: context.host.wallNs(),
      ...saveDec(context),
    }
  },
  restore(context, saved) {
    const { power, host } = context
    const migrationNs = host.wallNs() - saved.time_of_the_day_ns!
    power!.setGuestTimebase(chargedTimebase(saved.guest_timebase!, migrationNs, power!.hostTimebaseHz()))
    restoreDec(context, saved)
  },
}
