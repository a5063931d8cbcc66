/** One history, lived through and judged: what of its policy's promises it breaks. */
import { type CheckResult, judge, verdictOf } from '../check/index.js'
import type { Instances } from '../core/instances.js'
import { builtInPolicy } from '../policy/built-in.js'
import type { ClockPolicy } from '../policy/policy.js'
import type { CheckId, Scenario } from '../scenario/types.js'
import { type RunResult, runScenario } from '../world/index.js'
import type { Subject } from './subject.js'

/**
 * What can be broken. Beside the checks:
 *
 *   identity         a migration there and back within an instant shows                   (the check seam)
 *   unseen           a stop that the guest should not see shows                           (seam)
 *   other-frequency  clocks are wrong between hosts of different nominal frequency, where only hosts that are alike
 *                    are promised                                            (warp, jump, stall, rate, seam)
 *   equal            a policy that is said to do the same does something else
 *   fault, error     the guest stopped working; the policy failed
 */
export type Breach = CheckId | 'identity' | 'unseen' | 'other-frequency' | 'equal' | 'fault' | 'error'

export interface Examined {
  readonly breaches: readonly Breach[]
  /** One line for people, by breach. */
  readonly messages: Readonly<Partial<Record<Breach, string>>>
  /** Of the run: none where the policy failed. */
  readonly failed: readonly CheckResult[]
  /** How much its guests saw. */
  readonly observations: number
}

const OF_FREQUENCY: readonly string[] = ['warp', 'jump', 'stall', 'rate', 'seam']

export function examine(history: Scenario, subject: Subject, instances: Instances): Examined {
  const { policy, promises } = subject
  let run: RunResult
  try {
    run = runScenario(history, { policy, instances })
  } catch (error) {
    instances.reclaim()
    return { breaches: ['error'], messages: { error: (error as Error).message }, failed: [], observations: 0 }
  }
  const failed = judge(run).filter(({ verdict }) => verdict === 'fail')
  const alike = areAlike(history)
  const messages: Partial<Record<Breach, string>> = {}
  for (const result of failed) {
    const breach = nameOf(result, run)
    if (alike || promises.hosts === 'any') messages[breach] ??= `${result.guest}: ${result.message}`
    else if (OF_FREQUENCY.includes(result.id))
      messages['other-frequency'] ??= `${result.guest}: ${result.message}`
  }
  instances.reclaim()
  for (const { policy: other, hosts } of promises.equals) {
    if (hosts === 'alike' && !alike) continue
    const difference = differenceOf(run, history, builtInPolicy(other), instances)
    if (difference !== null) messages.equal ??= difference
  }
  const observations = run.guests.reduce((sum, guest) => sum + guest.observations.length, 0)
  return { breaches: Object.keys(messages) as Breach[], messages, failed, observations }
}

/** Whether it is one of the breaches that the policy promises not to happen. */
export function isPromised(breach: Breach, { promises }: Subject): boolean {
  if (breach === 'other-frequency') return promises.hosts === 'any'
  if (breach === 'identity' || breach === 'unseen') return !promises.not.includes('seam')
  return !(promises.not as readonly Breach[]).includes(breach)
}

/** Whether all hosts of the history have one nominal frequency. */
export function areAlike({ hosts }: Scenario): boolean {
  return new Set(hosts.map(({ tsc, timebase }) => (tsc ?? timebase!).frequencyHz)).size === 1
}

/** `seam` has three names: where the stop had no length, where it should not be seen, and all others. */
function nameOf({ id, guest, atTrueNs, value }: CheckResult, { scenario, guests }: RunResult): Breach {
  if (id !== 'seam') return id
  const { stops } = guests.find(({ name }) => name === guest)!
  const readers = scenario.guests.find(({ name }) => name === guest)!.read
  const sinceNs =
    atTrueNs! - 2n * readers.reduce((most, { everyNs }) => (everyNs > most ? everyNs : most), 0n)
  const near = stops.filter(({ fromNs, untilNs }) => untilNs >= sinceNs && fromNs < atTrueNs!)
  if (near.every(({ fromNs, untilNs }) => fromNs === untilNs)) return 'identity'
  return scenario.checks.monotonic?.downtime === 'excluded' && value! > 0n ? 'unseen' : 'seam'
}

/** Where guests see something else under the other policy; null: nowhere. */
function differenceOf(
  run: RunResult,
  history: Scenario,
  other: ClockPolicy,
  instances: Instances,
): string | null {
  const second = runScenario(history, { policy: other, instances })
  const different = run.guests.find(
    ({ observations }, i) => !isSame(observations.records(), second.guests[i]!.observations.records()),
  )
  instances.reclaim()
  return different ? `${different.name}: sees something else than under ${other.name}` : null
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** The policies among `policies` under which the history passes. */
export function curesOf(
  history: Scenario,
  policies: readonly ClockPolicy[],
  instances: Instances,
): readonly string[] {
  return policies
    .filter((policy) => {
      try {
        return verdictOf(judge(runScenario(history, { policy, instances }))) === 'pass'
      } catch {
        return false
      } finally {
        instances.reclaim()
      }
    })
    .map(({ name }) => name)
}
