/** What a stream says about time, in the form in which a policy restores it and a simulation begins with it. */
import type { System } from '../scenario/types.js'

/** The host at the moment of saving, as far as the stream tells; null: it does not. */
export interface StreamHost {
  /** What guests see as system time: ns since its boot. */
  readonly uptimeNs: bigint | null
  /** ns since the Unix epoch. */
  readonly wallNs: bigint | null
  /** The TSC as its own software reads it. */
  readonly tsc: bigint | null
  readonly timebase: bigint | null
  /** Of the guest's TSC or timebase while it ran there, Hz. */
  readonly frequencyHz: bigint
}

export interface StreamTime {
  readonly system: System
  /** As `ClockPolicy.save` returns them: names and values are those of the stream's own fields. */
  readonly clocks: Readonly<Record<string, bigint>>
  /** The policy by which the software that reads such a stream restores it. */
  readonly policy: string
  /** A guest with a virtual machine's CPU (HVM, PVH) where the system has others too. */
  readonly hvm: boolean
  readonly wide: boolean
  readonly host: StreamHost
}
