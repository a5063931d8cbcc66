import type { ClockPolicy } from './policy.js'
import { promising } from './promises.js'
import {
  bootNative,
  restoreTscInfo,
  restoreVcpuAndArch,
  restoreWholeSharedInfo,
  saveTscInfo,
} from './xen-restore.js'

const common = {
  system: 'xen',
  hypervisor: { singleshotEra: 'before-2023' },
  boot: bootNative,
  // Nothing tells a Xen guest that it was stopped, and a kernel with a tick makes up for each one it missed.
  promises: promising({ not: ['soft-lockup', 'wake-storm'] }),
  save: saveTscInfo,
} as const

/** The stack of BUG 1282: the source's wall clock fields come with the guest. */
export const xen2008: ClockPolicy = {
  ...common,
  name: 'xen-2008',
  title: 'Xen 3.x: the whole shared_info restored over fresh wall-clock fields',
  source: 'xen-devel 2008-08-06 msg00258; libxc before commit 16e00ecd92',
  restore(context, saved) {
    restoreTscInfo(context, saved)
    restoreWholeSharedInfo(context)
  },
}

/** The same hypervisor with the toolstack mended. */
export const xen2008FreshWallclock: ClockPolicy = {
  ...common,
  name: 'xen-2008-fresh-wc',
  title: 'Xen 3.x: the wall-clock fields stay those of the new host',
  source: 'libxc commit 16e00ecd92 (2007-08-08)',
  restore(context, saved) {
    restoreTscInfo(context, saved)
    restoreVcpuAndArch(context)
  },
}
