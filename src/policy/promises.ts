/**
 * What a policy says of itself: `chronovisor check` looks for a history that breaks it. Data, beside each policy.
 *
 * A stop is a pause, a save or a migration. Over a stop every clock of the guest that counts elapsed time gains the
 * time in which the guest ran, and of the downtime what `downtime` says for that kind of stop, to within `boundNs`;
 * with `byWallClocks` the difference of the hosts' wall clocks comes on top. What oscillators are off is never held
 * against a policy.
 */
import type { CheckId, Hypervisor } from '../scenario/types.js'

export type Downtime = 'either' | 'counted' | 'excluded'

export interface Promises {
  /** What CLOCK_MONOTONIC does with the downtime of each kind of stop. */
  readonly downtime: Readonly<Record<'pause' | 'save' | 'migrate', Downtime>>
  /** Hosts between which it moves guests: `alike` have one nominal frequency, and what is not so is not promised. */
  readonly hosts: 'alike' | 'any'
  /** The most that a stop may do to a clock beyond its downtime, ns. */
  readonly boundNs: bigint
  /** It reckons with the hosts' wall clocks, and its error grows with their difference. */
  readonly byWallClocks: boolean
  /** The guest's counter (TSC, TB) never goes back, nor jumps by more than a stop took. */
  readonly counter: boolean
  /** Checks whose breach it does not promise to prevent; all others it does. */
  readonly not: readonly CheckId[]
  /** Policies that do the same for every guest: between hosts that are alike, or between any. */
  readonly equals: readonly { readonly policy: string; readonly hosts: 'alike' | 'any' }[]
  /** What its hosts run, where that is not the hypervisor that comes first for its system. */
  readonly hypervisor?: Hypervisor
}

/** Of a policy that says nothing: no check fails, and no stop shows beyond its downtime. */
export const EVERYTHING: Promises = {
  downtime: { pause: 'either', save: 'either', migrate: 'either' },
  hosts: 'any',
  boundNs: 1_000_000n,
  byWallClocks: true,
  counter: false,
  not: [],
  equals: [],
}

/** The promises of a policy that names only where it differs. */
export const promising = (own: Partial<Promises>): Promises => ({ ...EVERYTHING, ...own })
