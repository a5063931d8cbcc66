/** What a run leaves behind: the guests' observations and what was done to them. */
import type { ObservationLog } from '../observation/log.js'
import type { ReadClock, Scenario } from '../scenario/types.js'

/** A time in which a guest did not run. */
export interface Stop {
  readonly fromNs: bigint
  /** When it ran again; the end of the run if it never did. */
  readonly untilNs: bigint
  readonly cause: 'pause' | 'save' | 'migrate' | 'host-suspend'
  readonly fromHost: string
  readonly toHost: string
  readonly resumed: boolean
}

/** A change of a guest's clock from outside, which checks must not take for a fault of the clock. */
export interface Correction {
  readonly atNs: bigint
  readonly by: 'agent-settime' | 'guest-ntp' | 'rtc-resync' | 'set-wall' | 'ntp-step'
}

export interface GuestResult {
  readonly name: string
  readonly kernel: string
  readonly variant: string
  readonly policy: string
  readonly bootNs: bigint
  /** Reader i of the observations is readers[i], sleeper i is sleepers[i]. */
  readonly readers: readonly { readonly name: string; readonly clock: ReadClock; readonly vcpu: number }[]
  readonly sleepers: readonly {
    readonly name: string
    readonly clock: ReadClock
    readonly forNs: bigint
    readonly vcpu: number
  }[]
  readonly observations: ObservationLog
  readonly stops: readonly Stop[]
  readonly corrections: readonly Correction[]
  /** Each clock at the end of the run, ns (counter: ticks). Empty for a guest that is saved. */
  readonly clocks: Partial<Record<ReadClock, bigint>>
  /** XXH64 of state and guest memory at the end, 16 hex digits. */
  readonly stateHash: string
  /** Counter ticks (TSC or TB) that the guest lived through: last reading minus the one at boot. */
  readonly ticks: bigint
  /** Why the guest stopped working, if it did: livelock, diverged. */
  readonly fault: string | null
  /** Of machine code: all that it printed. */
  readonly console?: string
}

export interface EventMark {
  readonly atNs: bigint
  readonly kind: string
  /** For people: `migrate g to b`. */
  readonly label: string
  readonly guest?: string
  readonly host?: string
}

export interface RunResult {
  readonly scenario: Scenario
  /** True wall-clock time, ns since the Unix epoch, at true time 0. */
  readonly startWallNs: bigint
  readonly endNs: bigint
  readonly guests: readonly GuestResult[]
  readonly marks: readonly EventMark[]
}
