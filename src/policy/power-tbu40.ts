/**
 * QEMU today on KVM: the offset of the timebase goes into the core by TBU40, which keeps the low 24 bits of the host's
 * timebase. KVM rounds the offset that it is given up to what that can hold.
 */

import type { ClockPolicy } from './policy.js'
import { restoreDec } from './power-dec.js'
import { powerQemu } from './power-qemu.js'

const STEP = 1n << 24n

export const powerTbu40: ClockPolicy = {
  ...powerQemu,
  name: 'power-tbu40',
  title: 'QEMU today on KVM: the offset is rounded up to 2^24 ticks, 32.8 ms at 512 MHz',
  source: 'Linux arch/powerpc/kvm/book3s_hv.c kvmppc_set_one_reg_hv KVM_REG_PPC_TB_OFFSET; 93b0f4dc29c5',
  restore(context, saved) {
    const power = context.power!
    context.vmm.set('guest_timebase', saved.guest_timebase!)
    const offset = BigInt.asUintN(64, saved.guest_timebase! - power.sourceTicks())
    power.setTbOffset(BigInt.asUintN(64, ((offset + STEP - 1n) / STEP) * STEP))
    restoreDec(context, saved)
  },
}
