/**
 * A guest as its world, files and migrations see it, whatever it runs: a kernel model (guest.ts) or machine code
 * (code/guest.ts).
 */
import type { CopiedMemory } from '../core/sparse.js'
import type { ObservationLog } from '../observation/log.js'
import type { ClockPolicy } from '../policy/policy.js'
import type { PowerMake } from '../power/machine.js'
import type { GuestSpec } from '../scenario/types.js'
import type { Host } from './host.js'
import type { Correction, GuestResult, Stop } from './result.js'
import type { SavedGuest } from './saved.js'

export interface Resident {
  readonly spec: GuestSpec
  readonly policy: ClockPolicy
  readonly host: Host
  /** null while the guest is nowhere: not booted, saved, or on its way. */
  readonly machine: CopiedMemory | null
  /** Of one that runs machine code: what its machine is. */
  readonly make: PowerMake | null
  readonly running: boolean
  readonly log: ObservationLog
  /** Of machine code: all that it has printed. */
  readonly printed: string
  readonly corrections: Correction[]
  /** Why the guest cannot be saved now; null: it can. */
  readonly unsavable: string | null

  boot(): void
  /** Stops the guest on its host. `suspend`: one that can is asked to suspend itself first. */
  stop(cause: Stop['cause'], suspend: boolean): void
  /** Writes the stopped guest out; it leaves its host. `wasRunning`: it was not paused before. */
  save(cause: 'save' | 'migrate', wasRunning: boolean): void
  /** What `save` has left behind, to be taken to another world. */
  readonly saved: SavedGuest
  /** Writes what would go with the guest in a migration, which then fails: the policy has done it all the same. */
  writeClocks(wasRunning: boolean): void
  /**
   * What a save for a migration would leave behind, but its memory, which has gone before. The stopped guest stays where
   * it is: powerOff() when another world has it, resume('pause') when none has.
   */
  offer(wasRunning: boolean): SavedGuest
  /** Puts the saved guest on `host`, stopped, with its clocks as the policy sets them. */
  land(host: Host, cause: 'save' | 'migrate', wasRunning: boolean): void
  /** Lets the stopped guest go on. */
  resume(cause: 'boot' | Stop['cause']): void
  /** The host takes a vCPU away, or gives it back. */
  steal(vcpu: number, taken: boolean): void
  /** The guest goes down with its host. */
  powerOff(): void
  /** `brief`: without what only the end shows, `clocks` and `stateHash`. */
  result(endNs: bigint, brief?: boolean): GuestResult
}
