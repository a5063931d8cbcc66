/**
 * A stream that carries the source's timebase frequency, for hosts whose timebases run at different rates. The
 * timebase is charged for the migration in the guest's own ticks. Then the destination either scales its
 * timebase to the guest's rate, or lets the guest run at its own rate and tells it so (and relies on the guest to
 * listen).
 */
import type { ClockPolicy, PolicyContext, SavedClocks } from './policy.js'
import { chargedTimebase, restoreDec, saveDec } from './power-dec.js'
import { promising } from './promises.js'

function save(context: PolicyContext): SavedClocks {
  return {
    guest_timebase: context.power!.guestTimebase(),
    time_of_the_day_ns: context.host.wallNs(),
    timebase_hz: context.power!.guestTimebaseHz(),
    ...saveDec(context),
  }
}

function charged({ host }: PolicyContext, saved: SavedClocks): bigint {
  const migrationNs = host.wallNs() - saved.time_of_the_day_ns!
  return chargedTimebase(saved.guest_timebase!, migrationNs, saved.timebase_hz!)
}

const common = {
  system: 'power',
  source: 'qemu-devel 2018-07, "timebase migration" thread: hosts of different frequency',
} as const

const promises = promising({
  downtime: { pause: 'counted', save: 'counted', migrate: 'counted' },
  equals: [{ policy: 'power-running', hosts: 'alike' }],
})

export const powerFrequencyScaled: ClockPolicy = {
  ...common,
  name: 'power-frequency-scaled',
  title: 'the stream carries the frequency; the destination scales its timebase for the guest',
  promises: { ...promises, counter: true },
  save,
  restore(context, saved) {
    const { power } = context
    if (saved.timebase_hz === power!.hostTimebaseHz()) power!.followHostTimebase()
    else power!.scaleTimebase(saved.timebase_hz!)
    power!.setGuestTimebase(charged(context, saved))
    restoreDec(context, saved)
  },
}

export const powerFrequencyTold: ClockPolicy = {
  ...common,
  name: 'power-frequency-told',
  title: 'the stream carries the frequency; the guest is told the new one',
  promises,
  save,
  restore(context, saved) {
    const { power } = context
    power!.followHostTimebase()
    power!.setGuestTimebase(charged(context, saved))
    restoreDec(context, saved)
    power!.tellFrequency(power!.hostTimebaseHz())
  },
}
