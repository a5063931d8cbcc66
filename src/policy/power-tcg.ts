/**
 * QEMU's TCG. The timebase is floor(virtual clock * frequency) + tb_offset, and the virtual clock stands still
 * while the VM is stopped; the stream's `timer` section carries it. So TB never jumps, and downtime never counts.
 * The frequency is the machine's, not the host's.
 */
import type { ClockPolicy } from './policy.js'
import { restoreDec, saveDec } from './power-dec.js'
import { promising } from './promises.js'

export const powerTcg: ClockPolicy = {
  name: 'power-tcg',
  system: 'power',
  title: 'QEMU TCG: TB follows the virtual clock, which stops with the VM',
  source: 'QEMU softmmu/cpu-timers.c vmstate_timers; hw/ppc/ppc.c cpu_ppc_get_tb',
  promises: promising({
    downtime: { pause: 'excluded', save: 'excluded', migrate: 'excluded' },
    byWallClocks: false,
    counter: true,
    not: ['wall-error', 'stale-wall'],
    hypervisor: 'power-tcg',
  }),
  stop({ power }) {
    power!.runVmclk(false)
  },
  save(context) {
    return { vmclk: context.power!.vmclkNs(), ...saveDec(context) }
  },
  restore(context, saved) {
    context.power!.holdVmclk(saved.vmclk!)
    restoreDec(context, saved)
  },
  resume({ power }) {
    power!.runVmclk(true)
    for (let cpu = 0; cpu < power!.vcpus; cpu++) power!.setDecExpiry(cpu, power!.decExpiry(cpu))
  },
}
