/**
 * Xen's Hyper-V reference counter over a stop: NOW() plus an offset. Before f6a07643e1cc a domain's counter ran on while the
 * domain was paused for its suspend; since then it is frozen with the domain and thawed with it.
 */
import type { ClockPolicy, PolicyContext } from './policy.js'
import { xenToday } from './xen-today.js'

const freeze = ({ xen, vmm }: PolicyContext): void => {
  vmm.set('reference_count', xen!.referenceCount())
}

export const xenViridianFrozen: ClockPolicy = {
  ...xenToday,
  name: 'xen-viridian-frozen',
  title: 'the Hyper-V reference counter stands still while the domain does',
  source: 'Xen f6a07643e1cc (viridian: freeze the time reference counter); arch/x86/hvm/viridian/time.c',
  stop: freeze,
  save: (context) => ({ ...xenToday.save(context), reference_count: context.vmm.get('reference_count')! }),
  restore(context, saved) {
    xenToday.restore(context, saved)
    context.vmm.set('reference_count', saved.reference_count!)
  },
  resume({ xen, vmm }) {
    xen!.setReferenceCount(vmm.get('reference_count')!)
  },
}

export const xenViridianRunsOn: ClockPolicy = {
  ...xenToday,
  name: 'xen-viridian-runs-on',
  title: 'the Hyper-V reference counter runs on while the domain is paused',
  source: 'Xen before f6a07643e1cc',
}
