/**
 * QEMU today, but on kernels that cannot carry DEC (before Linux 5855564c8ab2, which added KVM_REG_PPC_DEC_EXPIRY):
 * the stream has no decrementer, and the guest finds in it whatever the destination's vCPU happened to hold.
 *
 * Any value may be there. This policy leaves the worst, the largest positive one: no interrupt for
 * 2^31 - 1 ticks with 32 bits, 2^55 - 1 with 56. At 512 MHz these are the 4 s and the 2.23 years that the commit
 * names as the longest stall. A negative value would be harmless: it interrupts at once.
 */
import type { ClockPolicy } from './policy.js'
import { powerQemu } from './power-qemu.js'

export const powerDecLost: ClockPolicy = {
  ...powerQemu,
  name: 'power-dec-lost',
  title: 'DEC is not in the stream: the guest gets the largest value that the register can hold',
  source:
    'Linux 5855564c8ab2 (KVM: PPC: Book3S HV: one_reg interface to the decrementer expiry): why it was added',
  save(context) {
    const { guest_timebase, time_of_the_day_ns } = powerQemu.save(context)
    return { guest_timebase: guest_timebase!, time_of_the_day_ns: time_of_the_day_ns! }
  },
  restore(context, saved) {
    const power = context.power!
    powerQemu.restore(context, saved)
    const largest = (1n << BigInt(power.decBits - 1)) - 1n
    for (let cpu = 0; cpu < power.vcpus; cpu++) power.setDecExpiry(cpu, power.guestTimebase() + largest)
  },
}
