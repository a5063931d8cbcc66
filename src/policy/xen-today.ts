import type { ClockPolicy } from './policy.js'
import { promising } from './promises.js'
import { restoreTscInfo, restoreVcpuAndArch, saveTscInfo } from './xen-restore.js'

/**
 * Today's behaviour, both sides: Xen 4.x writes the new host's wall clock and carries the TSC's mode and offset, and
 * the guest rebases its time when it resumes, as every kernel since 2.6.18-xen's time_resume has done.
 */
export const xenToday: ClockPolicy = {
  name: 'xen-today',
  system: 'xen',
  title: 'today: fresh wall clock, TSC mode and offset in the stream, a guest that rebases',
  // Nothing tells a Xen guest that it was stopped.
  promises: promising({ not: ['soft-lockup', 'wake-storm'] }),
  variant: 'stock',
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
