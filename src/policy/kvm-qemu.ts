/**
 * QEMU's kvmclock device. When the VM stops, KVM_GET_CLOCK is taken once and stays valid while it is stopped; the
 * pre_save of a migration takes it again, unless the VM was paused, so that the time from stop to pre_save counts
 * and the rest of the downtime does not. When the VM runs, KVM_SET_CLOCK without REALTIME, then KVM_KVMCLOCK_CTRL
 * for each vCPU. On a source that is not reliable the clock is recomputed from the guest's own page; with a master
 * clock, which is what the emulated hosts with a TSC clocksource have, KVM_GET_CLOCK is reliable. IA32_TSC is read
 * when the VM stops and written on the destination; over a mere pause it is left alone and so runs on.
 */
import { bootTsc, restoreTsc, saveTsc } from './kvm-vcpu.js'
import type { ClockPolicy, PolicyContext } from './policy.js'
import { promising } from './promises.js'

function takeClock({ kvm, vmm }: PolicyContext): void {
  vmm.set('clock', kvm!.getClock().clock)
  for (let cpu = 0; cpu < kvm!.vcpus; cpu++) vmm.set(`tsc_${cpu}`, kvm!.tsc(cpu))
}

export const kvmQemu: ClockPolicy = {
  name: 'kvm-qemu',
  system: 'kvm',
  title: 'QEMU: kvmclock stops with the VM',
  source: 'QEMU hw/i386/kvm/clock.c kvmclock_vm_state_change, kvmclock_pre_save, kvmclock_pre_load',
  promises: promising({
    // A migration's pre_save takes the clock once more.
    downtime: { pause: 'excluded', save: 'excluded', migrate: 'either' },
    byWallClocks: false,
    not: ['wall-error', 'stale-wall'],
  }),
  boot: bootTsc,
  stop: takeClock,
  save(context) {
    if (context.wasRunning && context.cause === 'migrate')
      context.vmm.set('clock', context.kvm!.getClock().clock)
    const tscs = Object.fromEntries([...context.vmm].filter(([name]) => name.startsWith('tsc_')))
    return { ...saveTsc(context), ...tscs, clock: context.vmm.get('clock')! }
  },
  restore(context, saved) {
    restoreTsc(context, saved)
    context.vmm.set('clock', saved.clock!)
  },
  resume(context) {
    const { kvm, vmm } = context
    kvm!.setClock(vmm.get('clock')!)
    for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.kvmclockCtrl(cpu)
  },
}
