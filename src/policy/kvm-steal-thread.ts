/**
 * MSR_KVM_STEAL_TIME restored by the VMM's main thread. KVM before Linux 7cae2bedcbd4 notes at that moment what the
 * *calling* thread has waited for a CPU, and counts the vCPU's stolen time from there; the vCPU's own thread, which is new,
 * has waited for less.
 */
import { kvmRealtime } from './kvm-realtime.js'
import type { ClockPolicy } from './policy.js'

/** What the main thread has waited for a CPU by then. */
export const MAIN_THREAD_WAITED_NS = 10_000_000_000n

export const kvmStealThread: ClockPolicy = {
  ...kvmRealtime,
  name: 'kvm-steal-thread',
  title: 'stolen time is counted from what another thread had waited (10 s): an unsigned underflow',
  source: 'LP#1494350; Linux 7cae2bedcbd4 (KVM: x86: move steal time initialization to vcpu entry time)',
  restore(context, saved) {
    kvmRealtime.restore(context, saved)
    for (let cpu = 0; cpu < context.kvm!.vcpus; cpu++)
      context.kvm!.restoreStealFrom(cpu, MAIN_THREAD_WAITED_NS)
  },
}
