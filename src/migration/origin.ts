/** Where a guest that is to be migrated comes from: a scenario that is run up to an instant, or a snapshot. */
import { parseScenario } from '../scenario/parse.js'
import type { Scenario } from '../scenario/types.js'
import { formatDurationNs } from '../scenario/units.js'
import { careful, continuation, refusePolicy } from '../snapshot/continue.js'
import type { ScenarioSource, Snapshot } from '../snapshot/guest.js'
import { type RunOptions, World } from '../world/index.js'
import { MigrationError } from './error.js'
import { withoutMoves } from './landing.js'

export interface Origin {
  readonly source: ScenarioSource & { readonly seed: number }
  readonly guest: string
  /** True time at which its memory begins to move. */
  readonly beginNs: bigint
  /** A snapshot is copied into the journal. */
  readonly snapshot: Snapshot | null
  /** The world at true time `beginNs`; each call makes it anew, with the same bits. */
  open(onProgress?: RunOptions['onProgress']): World
}

/** Of a world's options: a snapshot needs a policy. */
export interface OriginOptions extends Pick<RunOptions, 'policy' | 'loaded' | 'streams' | 'code'> {
  /** Default: the scenario's first guest that is not dom0. */
  readonly guest?: string
  /** Default: when the scenario first migrates the guest; of a snapshot the instant of its save. */
  readonly atNs?: bigint
}

/** Throws MigrationError and ScenarioError. */
export function originOfScenario(source: ScenarioSource, options: OriginOptions = {}): Origin {
  const { text, fileName } = source
  const scenario = parseScenario(text, fileName, source.seed === undefined ? {} : { seed: source.seed })
  const guest = guestOf(scenario, options.guest)
  const planned = scenario.events.find((event) => event.kind === 'migrate' && event.guest === guest)
  const beginNs = instantOf(scenario, options.atNs ?? planned?.atNs, 0n)
  const { policy, loaded, streams, code } = options
  return {
    source: { text, fileName, seed: scenario.seed },
    guest,
    beginNs,
    snapshot: null,
    open: (onProgress) => {
      const world = new World(withoutMoves(scenario, guest, beginNs), {
        ...(onProgress && { onProgress }),
        ...(policy && { policy }),
        ...(loaded && { loaded }),
        ...(streams && { streams }),
        ...(code && { code }),
      })
      world.runUntil(beginNs)
      return world
    },
  }
}

/** The guest is restored on its own host, with no time gone by, and runs on to `atNs`. Throws MigrationError and SnapshotError. */
export function originOfSnapshot(
  snapshot: Snapshot,
  options: OriginOptions & Required<Pick<OriginOptions, 'policy'>>,
): Origin {
  const { policy } = options
  const { guest } = snapshot.world
  refusePolicy(snapshot, policy)
  const { scenario, happened } = continuation(snapshot, 0n)
  const savedNs = snapshot.world.atNs
  const beginNs = instantOf(snapshot.scenario, options.atNs ?? savedNs, savedNs)
  // The restore is at the instant of the save, and is no move that the migration takes the place of.
  const [before, after] = [scenario.events.slice(0, happened + 1), scenario.events.slice(happened + 1)]
  const moved = withoutMoves({ ...scenario, events: after }, guest.name, 0n)
  return {
    source: snapshot.source,
    guest: guest.name,
    beginNs,
    snapshot,
    open: (onProgress) => {
      const world = new World(
        { ...moved, events: [...before, ...moved.events] },
        {
          ...(onProgress && { onProgress }),
          policy: careful(snapshot, policy),
          from: { saved: snapshot.world, happened },
        },
      )
      world.runUntil(beginNs)
      return world
    },
  }
}

function guestOf(scenario: Scenario, wanted: string | undefined): string {
  const found = scenario.guests.find(({ name, dom0 }) => (wanted === undefined ? !dom0 : name === wanted))
  if (found) return found.name
  const names = scenario.guests.map(({ name }) => name).join(', ')
  const detail =
    wanted === undefined
      ? 'it has only a dom0; expected a guest'
      : `there is no guest ${wanted}; expected one of ${names}`
  throw new MigrationError(scenario.fileName, null, detail)
}

function instantOf(scenario: Scenario, atNs: bigint | undefined, earliestNs: bigint): bigint {
  const { fileName, durationNs } = scenario
  if (atNs === undefined)
    throw new MigrationError(
      fileName,
      null,
      'it migrates no guest by itself; expected the instant to be given',
    )
  if (atNs >= earliestNs && atNs <= durationNs) return atNs
  const [from, to] = [earliestNs, durationNs].map(formatDurationNs)
  throw new MigrationError(
    fileName,
    null,
    `the migration begins at ${formatDurationNs(atNs)}; expected ${from} to ${to}`,
  )
}
