/**
 * Who has the guest: the state machines of both sides of a migration, as pure functions. The real code and the
 * exhaustive test of messages lost, processes killed and started again run the same functions.
 *
 *   SOURCE      on disk: `here` until COMMIT may have been sent, `doubt` from then on, `gone` when it is over there
 *
 *     copying ──stopped──> finishing ──prepared──> [doubt] COMMIT ──owned──> [gone] DONE
 *        │ lost, refused       │ lost, refused        │  │ refused
 *        v                     v                      │  └──────> [here] run
 *       run                   run                     │ lost, or started again with `doubt` on disk
 *                                                     v
 *                        ┌──> asking ──connected──> QUERY ──answer: owned──> [gone] DONE
 *                        └──lost──┘                   └─────answer: never──> [here] run
 *
 *   DESTINATION   on disk: `nothing`, `prepared`, `owned`, `settled`; nothing: it has not and never will have this guest
 *
 *     receiving ──prepare──> [prepared] PREPARED ──commit──> [owned] run, OWNED ──done──> [settled]
 *        │ lost, query            │ lost, query, started again       │ commit, query: says so again
 *        v                        v                                  │ started again: run
 *    [nothing] <─────────────[nothing]                               └ lost: it stays
 *        └ prepare, commit: REFUSED · query: never
 *
 * [x] is a write that is on the disk before anything after it happens. `settled` is `owned` of which the source knows:
 * nobody will ask any more. Three rules make it safe:
 *
 *   1. The source writes `doubt` before COMMIT leaves. So as long as its disk says `here`, nobody else can own the guest.
 *   2. The destination owns the guest only by COMMIT, and only what it has prepared; whatever ends a preparation ends it
 *      on disk too. So once it has said `never` to a migration, no late COMMIT makes it own that guest.
 *   3. In doubt the source does not run the guest, however long it waits: it asks, or an operator decides. Two generals
 *      cannot agree over a lossy line in bounded time; they can only keep one of them from acting, and it is the source.
 */

export type SourceDisk = 'here' | 'doubt' | 'gone'
export type SourcePhase = 'copying' | 'finishing' | 'doubt' | 'asking' | 'asked' | 'here' | 'gone'
export type SourceInput =
  | 'stopped'
  | 'prepared'
  | 'owned'
  | 'refused'
  | 'lost'
  | 'connected'
  | 'answer-owned'
  | 'answer-never'
export type SourceEffect =
  | { readonly write: SourceDisk }
  | { readonly send: 'PREPARE' | 'COMMIT' | 'DONE' | 'QUERY' }
  /** `run`: the guest goes on here; `ask`: open a connection to ask the destination. */
  | { readonly act: 'run' | 'ask' }

export interface Step<Phase, Effect> {
  readonly phase: Phase
  /** In their order; each is done before the next begins. */
  readonly effects: readonly Effect[]
}

type SourceStep = Step<SourcePhase, SourceEffect>

const RUN_HERE: SourceStep = { phase: 'here', effects: [{ act: 'run' }] }
const RUN_AGAIN: SourceStep = { phase: 'here', effects: [{ write: 'here' }, { act: 'run' }] }
const LEAVE: SourceStep = { phase: 'gone', effects: [{ write: 'gone' }, { send: 'DONE' }] }
const ASK: SourceStep = { phase: 'asking', effects: [{ act: 'ask' }] }

const source: Readonly<Record<SourcePhase, Partial<Record<SourceInput, SourceStep>>>> = {
  copying: {
    stopped: { phase: 'finishing', effects: [{ send: 'PREPARE' }] },
    refused: RUN_HERE,
    lost: RUN_HERE,
  },
  finishing: {
    prepared: { phase: 'doubt', effects: [{ write: 'doubt' }, { send: 'COMMIT' }] },
    refused: RUN_HERE,
    lost: RUN_HERE,
  },
  doubt: { owned: LEAVE, refused: RUN_AGAIN, lost: ASK },
  asking: { connected: { phase: 'asked', effects: [{ send: 'QUERY' }] }, lost: ASK },
  asked: { 'answer-owned': LEAVE, 'answer-never': RUN_AGAIN, lost: ASK },
  here: {},
  gone: {},
}

/** null: this side cannot take that input now; the other one does not keep to the protocol. */
export function sourceStep(phase: SourcePhase, input: SourceInput): SourceStep | null {
  return source[phase][input] ?? null
}

/** What a source does that was started again. */
export function sourceRestart(disk: SourceDisk): SourceStep {
  if (disk === 'here') return RUN_HERE
  return disk === 'doubt' ? ASK : { phase: 'gone', effects: [] }
}

export type DestinationDisk = 'nothing' | 'prepared' | 'owned' | 'settled'
export type DestinationPhase = 'receiving' | DestinationDisk
export type DestinationInput = 'prepare' | 'commit' | 'query' | 'done' | 'lost' | 'cannot'
export type DestinationEffect =
  | { readonly write: DestinationDisk }
  | { readonly send: 'PREPARED' | 'OWNED' | 'REFUSED' | 'ANSWER owned' | 'ANSWER never' }
  | { readonly act: 'run' }

type DestinationStep = Step<DestinationPhase, DestinationEffect>

const stay = (phase: DestinationPhase, ...effects: DestinationEffect[]): DestinationStep => ({
  phase,
  effects,
})
const NEVER: DestinationStep = stay('nothing', { write: 'nothing' })

const destination: Readonly<Record<DestinationPhase, Partial<Record<DestinationInput, DestinationStep>>>> = {
  receiving: {
    prepare: stay('prepared', { write: 'prepared' }, { send: 'PREPARED' }),
    cannot: stay('nothing', { write: 'nothing' }, { send: 'REFUSED' }),
    commit: stay('nothing', { write: 'nothing' }, { send: 'REFUSED' }),
    query: stay('nothing', { write: 'nothing' }, { send: 'ANSWER never' }),
    lost: NEVER,
  },
  prepared: {
    commit: stay('owned', { write: 'owned' }, { act: 'run' }, { send: 'OWNED' }),
    query: stay('nothing', { write: 'nothing' }, { send: 'ANSWER never' }),
    lost: NEVER,
  },
  owned: {
    commit: stay('owned', { send: 'OWNED' }),
    query: stay('owned', { send: 'ANSWER owned' }),
    done: stay('settled', { write: 'settled' }),
    lost: stay('owned'),
  },
  // A question may have been on its way for long.
  settled: {
    commit: stay('settled', { send: 'OWNED' }),
    query: stay('settled', { send: 'ANSWER owned' }),
    done: stay('settled'),
    lost: stay('settled'),
  },
  nothing: {
    prepare: stay('nothing', { send: 'REFUSED' }),
    commit: stay('nothing', { send: 'REFUSED' }),
    query: stay('nothing', { send: 'ANSWER never' }),
    done: stay('nothing'),
    lost: stay('nothing'),
  },
}

/** null: the other side does not keep to the protocol. */
export function destinationStep(phase: DestinationPhase, input: DestinationInput): DestinationStep | null {
  return destination[phase][input] ?? null
}

/** What a destination does that was started again. */
export function destinationRestart(disk: DestinationDisk): DestinationStep {
  if (disk === 'owned' || disk === 'settled') return stay(disk, { act: 'run' })
  return disk === 'prepared' ? NEVER : stay('nothing')
}
