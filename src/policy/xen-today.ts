import type { ClockPolicy } from './policy.js'
import { restoreTscInfo, restoreVcpuAndArch, saveTscInfo } from './xen-restore.js'

/** Xen 4.x: TSC modes, wall clock from the new host, the guest's TSC goes on where it was emulated. */
export const xenToday: ClockPolicy = {
  name: 'xen-today',
  system: 'xen',
  title: 'Xen today: fresh wall clock, TSC mode and offset carried in the stream',
  source:
    'Xen docs/specs/libxc-migration-stream.pandoc (X86_TSC_INFO, SHARED_INFO); arch/x86/time.c tsc_set_info',
  hypervisor: { singleshotEra: 'after-2023' },
  boot({ xen }, { tscMode, tscKhz }) {
    xen!.setTscInfo({ mode: BigInt(tscMode), khz: BigInt(tscKhz), nsec: 0n, incarnation: 0n })
  },
  save: saveTscInfo,
  restore(context, saved) {
    restoreTscInfo(context, saved)
    restoreVcpuAndArch(context)
  },
}
