/** The event slots of a machine in words; the numbers are the core's SLOT_* (assembly/layout.ts). */

/** The core's queue is empty. */
export const NO_SLOT = 0xffff

const HOST_SLOTS: Readonly<Record<number, string>> = {
  0: 'Xen calibrates its clock against the platform timer',
  1: 'the host pushes its wall clock into the hypervisor',
  2: 'KVM synchronises kvmclock',
}
const VCPU_SLOTS: Readonly<Record<number, string>> = {
  0: 'singleshot timer',
  1: 'periodic timer',
  2: 'TSC deadline timer',
  3: 'the decrementer reaches 0',
  4: 'the hypervisor decrementer reaches 0',
  5: 'guest code goes on',
}
const FIRST_VCPU = 8
const PER_VCPU = 8
const FIRST_READER = 264
const FIRST_SLEEPER = 296
const FIRST_BUSY = 552

export function isReader(slot: number): boolean {
  return slot >= FIRST_READER && slot < FIRST_SLEEPER
}

export function slotText(slot: number, { host, guest }: { host: string; guest: string | null }): string {
  if (slot < FIRST_VCPU) return `${host}: ${HOST_SLOTS[slot] ?? 'an event of the host'}`
  const whose = guest ?? host
  if (slot >= FIRST_BUSY) return `${whose}: a busy phase begins or ends`
  if (slot >= FIRST_SLEEPER) return `${whose}: sleeper ${slot - FIRST_SLEEPER} calls nanosleep`
  if (slot >= FIRST_READER) return `${whose}: reader ${slot - FIRST_READER} reads its clock`
  const cpu = Math.floor((slot - FIRST_VCPU) / PER_VCPU)
  const what = VCPU_SLOTS[(slot - FIRST_VCPU) % PER_VCPU] ?? 'an event'
  return `${whose} vCPU ${cpu}: ${what}`
}
