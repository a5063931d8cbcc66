/**
 * A VMM that restores a snapshot MSR by MSR into a new VM: its vCPUs have TSCs from 0, no timers and nothing pending, and
 * IA32_TSC_DEADLINE is an MSR like any other. What must come first is written down nowhere but in KVM's code: the host's
 * timer is set when the deadline is written, by the TSC of that moment.
 */
import { bootTsc, restoreTsc, saveTsc } from './kvm-vcpu.js'
import type { ClockPolicy, PolicyContext, SavedClocks } from './policy.js'

function saveMsrs(context: PolicyContext): SavedClocks {
  const kvm = context.kvm!
  const saved: Record<string, bigint> = { ...saveTsc(context), clock: kvm.getClock().clock }
  for (let cpu = 0; cpu < kvm.vcpus; cpu++) saved[`tsc_deadline_${cpu}`] = kvm.tscDeadline(cpu)
  return saved
}

function restoreDeadlines({ kvm }: PolicyContext, saved: SavedClocks): void {
  for (let cpu = 0; cpu < kvm!.vcpus; cpu++) kvm!.setTscDeadline(cpu, saved[`tsc_deadline_${cpu}`]!)
}

/** TSC, then deadline; one of 0 may stand for an interrupt that is on its way, so it is made due now. */
export const kvmMsrs: ClockPolicy = {
  name: 'kvm-msrs',
  system: 'kvm',
  title: 'MSR by MSR: the TSC before its deadline, and a deadline of 0 made due',
  source:
    'firecracker#4666 (order), #4618 (zero): src/vmm/src/arch/x86_64/vcpu.rs restore_state, fix_zero_tsc_deadline_msr',
  boot: bootTsc,
  save(context) {
    const saved = saveMsrs(context)
    const due = Object.entries(saved).map(([name, value]): [string, bigint] => {
      const cpu = /^tsc_deadline_(\d+)$/.exec(name)?.[1]
      return [name, cpu !== undefined && value === 0n ? saved[`tsc_${cpu}`]! : value]
    })
    return Object.fromEntries(due)
  },
  restore(context, saved) {
    context.kvm!.createVcpus()
    restoreTsc(context, saved)
    restoreDeadlines(context, saved)
    context.kvm!.setClock(saved.clock!)
  },
}

export const kvmMsrsDeadlineFirst: ClockPolicy = {
  ...kvmMsrs,
  name: 'kvm-msrs-deadline-first',
  title: 'MSR by MSR: the deadline before the TSC that it is a time of',
  source: 'firecracker#4666, #4099',
  restore(context, saved) {
    context.kvm!.createVcpus()
    restoreDeadlines(context, saved)
    restoreTsc(context, saved)
    context.kvm!.setClock(saved.clock!)
  },
}

export const kvmMsrsDeadlineZero: ClockPolicy = {
  ...kvmMsrs,
  name: 'kvm-msrs-deadline-zero',
  title: 'MSR by MSR: a deadline that fired while the VM was paused is saved as 0, its interrupt nowhere',
  source: 'firecracker#4618',
  save: saveMsrs,
}
