/**
 * What QEMU does today under KVM. guest_timebase is taken when the VM stops, and again in pre_save unless the VM
 * is paused (or this is savevm); on load, tb_offset = guest_timebase - host ticks. So a running guest gains the
 * time from stop to pre_save; transport is not charged; a paused guest gains nothing. time_of_the_day_ns is in the
 * stream and not used.
 */
import type { ClockPolicy } from './policy.js'
import { restoreDec, saveDec } from './power-dec.js'
import { resumeTimebase } from './power-stopped.js'
import { promising } from './promises.js'

export const powerQemu: ClockPolicy = {
  name: 'power-qemu',
  system: 'power',
  title: 'QEMU today: TB of pre_save for a running guest, of the stop for a paused one',
  source: 'QEMU hw/ppc/ppc.c timebase_save, timebase_load, timebase_pre_save, cpu_ppc_clock_vm_state_change',
  promises: promising({
    downtime: { pause: 'excluded', save: 'excluded', migrate: 'either' },
    hosts: 'alike',
    byWallClocks: false,
    counter: true,
    not: ['wall-error', 'stale-wall'],
  }),
  stop({ power, vmm }) {
    vmm.set('guest_timebase', power!.guestTimebase())
  },
  save(context) {
    const { power, vmm, host, wasRunning, cause } = context
    if (wasRunning && cause === 'migrate') vmm.set('guest_timebase', power!.guestTimebase())
    return {
      guest_timebase: vmm.get('guest_timebase')!,
      time_of_the_day_ns: host.wallNs(),
      ...saveDec(context),
    }
  },
  restore(context, saved) {
    context.vmm.set('guest_timebase', saved.guest_timebase!)
    context.power!.setGuestTimebase(saved.guest_timebase!)
    restoreDec(context, saved)
  },
  resume: resumeTimebase,
}
