/**
 * A guest that was taken off its world, and the hosts as they stood at that instant: everything that a world of
 * another process needs to go on as this one would have.
 */
import type { GuestImage } from '../core/machine.js'
import type { ObservationLog } from '../observation/log.js'
import type { SavedClocks } from '../policy/policy.js'
import type { PowerMachine, PowerMake } from '../power/machine.js'
import type { Variant } from '../scenario/types.js'
import type { Stretch, ToldSoFar } from './code/told.js'
import type { Correction, Stop } from './result.js'

export interface SavedHost {
  readonly name: string
  /** Nominal rate of its wall clock at this instant: its own, or that of a slew under way. */
  readonly wallRatePpb: bigint
  /** Its own kernel kept the hypervisor's wall clock right; false: a dom0 did. */
  readonly syncsWall: boolean
  /** Its system_time counts from the Unix epoch. */
  readonly epochSystemTime: boolean
  /** What its own software would have read at this instant; 0 for a counter it has not. */
  readonly uptimeNs: bigint
  readonly wallNs: bigint
  readonly tsc: bigint
  readonly timebase: bigint
  /** Machine and host part of its machine's state, to the last byte that is not zero. */
  readonly state: Uint8Array
}

/** What a guest of machine code has beside the rest. Its image has program 0, and the machine's state. */
export interface SavedCode {
  readonly make: PowerMake
  /** A machine of that make, to land on. */
  readonly fresh: () => PowerMachine
  /** In place of `fresh`, and of the image's memory: this one has the memory already. */
  readonly arrived?: PowerMachine
  readonly told: ToldSoFar
  /** When it ran, and what its timebase counted then. */
  readonly stretches: readonly Stretch[]
}

export interface SavedGuest {
  readonly name: string
  /** The host it was taken from. */
  readonly host: string
  /** The policy that saved it, and what that wrote. */
  readonly policy: string
  readonly clocks: SavedClocks
  /** Whether it ran before; false for one that had been paused. */
  readonly wasRunning: boolean
  /** The kernel's variant, which a policy may have chosen at boot. */
  readonly variant: Variant
  /** A Xen PV guest that suspended itself; false for one that was paused before. */
  readonly suspended: boolean
  /** Its TSC or TB at boot. */
  readonly bootCounter: bigint
  readonly image: GuestImage
  /** Of a guest that runs machine code. */
  readonly code?: SavedCode
  /** The last is the one in which it was saved. */
  readonly stops: readonly Stop[]
  readonly corrections: readonly Correction[]
  readonly log: ObservationLog
}

export interface SavedWorld {
  /** True time. */
  readonly atNs: bigint
  /** Every host of the scenario, in its order. */
  readonly hosts: readonly SavedHost[]
  readonly guest: SavedGuest
}

/** What another host shows when the guest lands on it; undefined: see Host.replace. */
export interface HostClockValues {
  readonly uptimeNs?: bigint
  readonly wallNs?: bigint
  readonly tsc?: bigint
  readonly timebase?: bigint
}
