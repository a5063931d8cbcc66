/**
 * wake-storm: too much comes at once.
 *
 * Measured: the most wakes of sleepers of one vCPU within one second of true time, or the most ticks that one timer
 * interrupt made up for, whichever is more. A kernel that makes up for ticks runs all of them before anything else.
 * The instant is that of the last wake of the second, or of the interrupt. Single ticks and wakes are the normal
 * course of things and not kept apart from none.
 */
import { type ObservationLog, Seen } from '../observation/log.js'
import { type Check, Worst } from './finding.js'

const SECOND_NS = 1_000_000_000n

export const wakeStorm: Check = {
  unit: 'count',
  limit: ({ 'wake-storm': check }) => (check ? BigInt(check.limit) : undefined),
  measure({ guest }) {
    const { observations: log, sleepers } = guest
    const lastSecond = new Map<number, LastSecond>()
    const worst = new Worst()
    let what = ''
    const offer = (count: bigint, i: number, vcpu: number, of: string) => {
      if (count <= worst.value) return
      worst.offer(count, log.trueNs(i), `vcpu ${vcpu}`)
      what = of
    }
    for (let i = 0; i < log.length; i++) {
      const kind = log.kind(i)
      if (kind === Seen.ticks) offer(log.value(i), i, log.index(i), 'ticks in one timer interrupt')
      if (kind !== Seen.wake) continue
      const { vcpu } = sleepers[log.index(i)]!
      let wakes = lastSecond.get(vcpu)
      if (!wakes) {
        wakes = new LastSecond(log)
        lastSecond.set(vcpu, wakes)
      }
      offer(BigInt(wakes.count(i)), i, vcpu, 'wakes within a second')
    }
    return worst.finding('nobody woke', (value, vcpu) => `${vcpu} had ${value} ${what}`)
  },
}

/** Counts what fell into the second that ends now. */
class LastSecond {
  #positions: number[] = []
  #first = 0

  constructor(private readonly log: ObservationLog) {}

  count(position: number): number {
    this.#positions.push(position)
    const since = this.log.trueNs(position) - SECOND_NS
    while (this.log.trueNs(this.#positions[this.#first]!) <= since) this.#first++
    if (this.#first > 65_536) {
      this.#positions = this.#positions.slice(this.#first)
      this.#first = 0
    }
    return this.#positions.length - this.#first
  }
}
