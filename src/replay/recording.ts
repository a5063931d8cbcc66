/**
 * What somebody has seen of a real guest of Xen: its hosts, its time pages and clocks, and what happened to it between.
 *
 *     stay 0 (first host)      event      stay 1                  event     …
 *     page, readings, page …  ───────>  page, readings, page …  ───────>
 *
 * Times are ns. docs/replay.md describes the file.
 */

export interface RecordedHost {
  readonly name: string
  readonly line: number
  /** What Xen has measured of its TSC. */
  readonly tscKhz: number
  /** Xen holds the TSC for constant and in step. */
  readonly reliable: boolean
  /** Xen's own clock is the TSC: pages are marked TSC_STABLE. */
  readonly stable: boolean
  /** UTC at system time 0, as Xen shows it to guests; null: not recorded. */
  readonly wallNs: bigint | null
  /** How far that may be off. */
  readonly wallErrorNs: bigint
}

export interface RecordedGuest {
  readonly line: number
  readonly kind: 'pv' | 'pvh'
  readonly tscMode: 0 | 1 | 2
  readonly tscKhz: number
  readonly hz: number
  /** Of an emulated PV guest on the first host, as s64; null: follows from the first page. */
  readonly vtscOffset: bigint | null
  /** The recorder slept this long on CLOCK_MONOTONIC before each sample; null: not recorded. */
  readonly sleepNs: bigint | null
  /** How late it may have come after that. */
  readonly lateNs: bigint
}

/** A time page as it was read. */
export interface RecordedPage {
  readonly kind: 'page'
  readonly line: number
  readonly version: number | null
  readonly tsc_timestamp: bigint
  readonly system_time: bigint
  readonly tsc_to_system_mul: number
  readonly tsc_shift: number
  readonly flags: number
}

export const CLOCKS = ['realtime', 'monotonic', 'boottime', 'monotonic_raw'] as const
export type ClockName = (typeof CLOCKS)[number]

/** A clock was read, at an instant between two others. */
export interface RecordedClock {
  readonly kind: 'clock'
  readonly line: number
  readonly clock: ClockName
  readonly ns: bigint
  /** `tsc`: the guest's TSC before and after; `now`: the host's system time. */
  readonly by: 'tsc' | 'now'
  readonly from: bigint
  readonly until: bigint
  /** How far the reading may be off beyond that. */
  readonly errorNs: bigint
}

export interface RecordedEvent {
  readonly line: number
  readonly kind: 'save-restore' | 'migrate'
  /** X86_TSC_INFO.nsec of the stream; null: not recorded. */
  readonly nsec: bigint | null
  /** PVH: the TSC in the stream's HVM context. */
  readonly tsc: bigint | null
  /** vtsc_offset of the restored PV guest, as s64. */
  readonly vtscOffset: bigint | null
  /** System time of the new host at which the guest went on. */
  readonly resumed: bigint | null
  /** How long the guest's kernel may take between its readings of wall clock and clock source, at suspend and resume. */
  readonly errorNs: bigint
}

/** The guest on one host, without a break. */
export interface Stay {
  readonly host: RecordedHost
  /** What brought it there; null for the first. */
  readonly event: RecordedEvent | null
  readonly items: readonly (RecordedPage | RecordedClock)[]
}

export interface Recording {
  readonly fileName: string
  readonly title: string
  readonly source: string | null
  readonly guest: RecordedGuest
  readonly stays: readonly Stay[]
}
