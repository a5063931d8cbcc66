/** What a check is made of, and what it finds. Every check has its own file; index.ts lists them. */
import type { Checks, GuestSpec } from '../scenario/types.js'
import type { GuestResult, RunResult } from '../world/result.js'
import type { Series } from './series.js'

export type Unit = 'ns' | 'ppb' | 'count'

/** The worst that a check saw. Within the limit is not a fault: then this is how near it came. */
export interface Finding {
  /** In the check's unit. Signed where a direction means something: steps forward, ahead and fast are positive. */
  readonly value: bigint
  /** True time at which the worst value showed; of counts, the first. null: nothing happened at all. */
  readonly atTrueNs: bigint | null
  /** The reader, sleeper or vCPU that showed it; null with `atTrueNs`. */
  readonly subject: string | null
  /** One line for people. */
  readonly message: string
}

/** One guest of a run, as checks look at it. */
export interface View {
  readonly guest: GuestResult
  readonly spec: GuestSpec
  readonly run: RunResult
  /** Reader by reader. */
  readonly series: readonly Series[]
}

/** A check fails where the magnitude of its value is over the limit. */
export interface Check {
  readonly unit: Unit
  /** undefined: the check is off. */
  limit(checks: Checks): bigint | undefined
  /** The worst value; a text where there is nothing to judge, which says why. Never called when the check is off. */
  measure(view: View, checks: Checks): Finding | string
}

/** The worst of many values, by magnitude; of equal ones the first. */
export class Worst {
  value = 0n
  atTrueNs: bigint | null = null
  subject: string | null = null

  offer(value: bigint, atTrueNs: bigint, subject: string): void {
    if (magnitude(value) <= magnitude(this.value)) return
    this.value = value
    this.atTrueNs = atTrueNs
    this.subject = subject
  }

  /** `none` is the message where every value was 0. */
  finding(none: string, some: (value: bigint, subject: string) => string): Finding {
    const { value, atTrueNs, subject } = this
    return { value, atTrueNs, subject, message: subject === null ? none : some(value, subject) }
  }
}

export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
