/**
 * backwards-warning: the kernel prints "Timer ISR: Time went backwards" (linux-2.6.18-xen, arch/i386/kernel/
 * time-xen.c timer_interrupt) or its like.
 *
 * Measured: how often, on all vCPUs. The instant is that of the first.
 */
import { Seen } from '../observation/log.js'
import type { Check } from './finding.js'
import { shortNs } from './format.js'

export const backwardsWarning: Check = {
  unit: 'count',
  limit: ({ 'backwards-warning': check }) => (check ? BigInt(check.limit) : undefined),
  measure({ guest: { observations: log } }) {
    let count = 0n
    let first = -1
    for (let i = 0; i < log.length; i++) {
      if (log.kind(i) !== Seen.backwards) continue
      if (first < 0) first = i
      count++
    }
    if (first < 0) return { value: 0n, atTrueNs: null, subject: null, message: 'no warning' }
    const times = count === 1n ? 'once' : `${count} times`
    return {
      value: count,
      atTrueNs: log.trueNs(first),
      subject: `vcpu ${log.index(first)}`,
      message: `the kernel warned ${times}; first it saw ${shortNs(log.value(first))}`,
    }
  },
}
