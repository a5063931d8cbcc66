/**
 * The public interface of a clock policy: what a hypervisor, its toolstack or a VMM does to a guest's clocks when
 * the guest is stopped, saved, moved and started again.
 *
 *   boot ── … ── stop ──(downtime)── save ── stream ──> restore ── resume     on the destination
 *                 │                                                  ^
 *                 └───────────── pause ──────────────────────────────┘        on the same host: no save, no restore
 *
 * A policy sees what its software would see on a real host: that host's own clocks and the guest's registers and
 * memory, never true time and never the other host. What crosses is what `save` returns.
 *
 * @example
 *     // mine.ts, used with --policy ./mine.ts
 *     import type { ClockPolicy } from 'chronovisor'
 *     export default {
 *       name: 'mine', system: 'power', title: 'resume where it stopped', source: 'my notes',
 *       save: ({ power }) => ({ guest_timebase: power!.guestTimebase() }),
 *       restore: ({ power }, saved) => power!.setTbOffset(saved.guest_timebase! - power!.hostTimebase()),
 *     } satisfies ClockPolicy
 */
import type { System, Variant } from '../scenario/types.js'
import type { HostClocks, KvmClocks, PowerClocks, XenClocks } from './clocks.js'
import type { Promises } from './promises.js'

/** What goes with the guest: names are those of the real stream's fields. Values are u64 or s64, as the field is. */
export type SavedClocks = Readonly<Record<string, bigint>>

export interface PolicyContext {
  /** Why the guest stops or stopped. */
  readonly cause: 'boot' | 'pause' | 'save' | 'migrate'
  /** Whether the guest was running when the operation was asked for; false for one that had been paused before. */
  readonly wasRunning: boolean
  /** The clocks of the host on which this code runs. */
  readonly host: HostClocks
  /** The guest's clocks as this host's hypervisor lets its software touch them; one of the three. */
  readonly xen?: XenClocks
  readonly kvm?: KvmClocks
  readonly power?: PowerClocks
  /** Memory of the VMM process on this host: kept from `stop` to `save` and `resume`, not sent anywhere. */
  readonly vmm: Map<string, bigint>
}

export interface ClockPolicy {
  /** As given to --policy and in scenarios. */
  readonly name: string
  readonly system: System
  /** One line for people. */
  readonly title: string
  /** The document or file and function that it follows. */
  readonly source: string
  /** What is different about its hosts from boot on. */
  readonly hypervisor?: {
    /** Xen: `unix` makes system_time count from the Unix epoch instead of host boot. */
    readonly systemTimeEpoch?: 'boot' | 'unix'
    /** Xen: before or after commit 19c6cbd909 of May 2023 (singleshot timers in the past). */
    readonly singleshotEra?: 'before-2023' | 'after-2023'
  }
  /** What it says of itself, and `chronovisor check` holds it to; default: that no check fails. */
  readonly promises?: Promises
  /** The kernel variant that must be in the guest, where the cure is in the guest. */
  readonly variant?: Variant
  /** The guest is created on a host. */
  boot?(context: PolicyContext, guest: { readonly tscMode: 0 | 1 | 2; readonly tscKhz: number }): void
  /** The guest has just been stopped. */
  stop?(context: PolicyContext): void
  /** The guest's state is written, on the source. Once for each save or migration. */
  save(context: PolicyContext): SavedClocks
  /** The guest's memory and vCPU state are on the destination; it does not run yet. */
  restore(context: PolicyContext, saved: SavedClocks): void
  /** The guest is about to run: after restore, and after a pause. */
  resume?(context: PolicyContext): void
  /** What is done only `afterNs` of true time after the guest runs again. */
  readonly settle?: { readonly afterNs: bigint; run(context: PolicyContext): void }
}
