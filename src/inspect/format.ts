/**
 * The interface of a format that `inspect` can read, and what it has to say. A format adds itself to the list in
 * formats.ts.
 */
import type { OnRead } from '../stream/file.js'
import type { StreamTime } from '../stream/time.js'
import type { HostClockValues } from '../world/index.js'

/** bigint becomes a decimal string, Uint8Array hex. */
export type Detail =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | readonly Detail[]
  | { readonly [key: string]: Detail }

/** A line for people: a name, a value, and what it means. */
export interface Row {
  readonly name: string
  readonly value: string
  readonly note?: string
}

export interface Section {
  readonly title: string
  readonly rows: readonly Row[]
}

/** A policy that the values are those of, and why. */
export interface ImpliedPolicy {
  readonly policy: string
  readonly because: string
}

/** What a clock showed in the stream and shows on another host. */
export interface ResumedClock {
  readonly name: string
  readonly unit: 'ns' | 'ticks' | 'ns since the epoch'
  /** null: the stream does not say. */
  readonly saved: bigint | null
  readonly resumed: bigint
  readonly note?: string
}

export interface Resumed {
  readonly host: HostClockValues
  readonly policy: string
  readonly clocks: readonly ResumedClock[]
}

export interface Inspection {
  /** The format's id. */
  readonly format: string
  /** One line: `Xen save of the PV guest u1, by Xen 4.17`. */
  readonly title: string
  /** What a person wants to know about time in it. */
  readonly sections: readonly Section[]
  /** All that was decoded, keys in snake_case or as the format has them. */
  readonly details: { readonly [key: string]: Detail }
  readonly policies: readonly ImpliedPolicy[]
  /** What a simulation can begin with (`from:` in a scenario); null: the file holds none. */
  readonly time: StreamTime | null
  /** The guest's clocks, were it resumed on a host that shows this. Throws StreamError. Default: from `time`. */
  readonly resume?: (host: HostClockValues) => Resumed
}

/** A field that was changed by `--set`, or that follows from one. */
export interface Changed {
  readonly field: string
  readonly from: string
  readonly to: string
}

export interface Format {
  /** In JSON: `xen`. */
  readonly id: string
  /** For people: `a guest saved by Xen (xl save, libxc migration stream)`. */
  readonly title: string
  /** Whether a file that begins with these bytes (at most HEAD_BYTES) is one. */
  readonly recognises: (head: Uint8Array) => boolean
  /** Throws StreamError or SnapshotError for what is wrong with it. */
  readonly inspect: (path: string, onRead?: OnRead) => Inspection
  /** Fields that can be set, each with the form of its value: `tsc.khz`, `a whole number below 2^32`. */
  readonly fields: readonly { readonly name: string; readonly form: string }[]
  /** Writes a copy of `path` with fields changed to `out`, all or nothing. Throws StreamError. */
  readonly change?: (path: string, out: string, changes: ReadonlyMap<string, string>) => Changed[]
}

/** As much of a file as `recognises` is shown. */
export const HEAD_BYTES = 64
