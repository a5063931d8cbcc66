/**
 * The judgement of a run: every check on every guest.
 *
 * A check looks at what a guest saw and finds the worst value; it fails where that is beyond the limit of the
 * scenario. What each measures and allows is at the head of its file. A guest that stopped working fails a pseudo
 * check of its own, `fault`.
 */
import type { CheckId } from '../scenario/types.js'
import type { GuestResult, RunResult } from '../world/result.js'
import { backlog } from './backlog.js'
import { backwardsWarning } from './backwards-warning.js'
import { cycleOffset } from './cycle-offset.js'
import { earlyWake } from './early-wake.js'
import type { Check, Unit, View } from './finding.js'
import { magnitude } from './finding.js'
import { jump } from './jump.js'
import { lateWake } from './late-wake.js'
import { lostWake } from './lost-wake.js'
import { monotonic } from './monotonic.js'
import { rate } from './rate.js'
import { seam } from './seam.js'
import { seriesOf } from './series.js'
import { setBack } from './set-back.js'
import { skew } from './skew.js'
import { softLockup } from './soft-lockup.js'
import { staleWall } from './stale-wall.js'
import { stall } from './stall.js'
import { steal } from './steal.js'
import { wakeStorm } from './wake-storm.js'
import { wallError } from './wall-error.js'
import { warp } from './warp.js'

export type { Unit } from './finding.js'
export { type Predicted, predictedOf } from './predicted.js'
export { type ClockKind, type Series, seriesOf } from './series.js'
export { overdueNs, type Sleep, sleepsOf } from './sleeps.js'

export type Verdict = 'pass' | 'fail'

export interface CheckResult {
  readonly id: CheckId | 'fault'
  readonly guest: string
  /** skip: the check is off, or there was nothing to judge; the message says which. */
  readonly verdict: Verdict | 'skip'
  /** The worst value, also of a check that holds; null when skipped. */
  readonly value: bigint | null
  /** null when the check is off. */
  readonly limit: bigint | null
  readonly unit: Unit
  /** True time of the worst value (of counts: of the first); null where nothing happened. */
  readonly atTrueNs: bigint | null
  /** The reader, sleeper or vCPU with the worst value. */
  readonly subject: string | null
  /** One line for people. */
  readonly message: string
}

const checks: Readonly<Record<CheckId, Check>> = {
  warp,
  jump,
  stall,
  'late-wake': lateWake,
  'early-wake': earlyWake,
  'lost-wake': lostWake,
  'wake-storm': wakeStorm,
  steal,
  'soft-lockup': softLockup,
  'stale-wall': staleWall,
  rate,
  'wall-error': wallError,
  'backwards-warning': backwardsWarning,
  skew,
  'set-back': setBack,
  backlog,
  'cycle-offset': cycleOffset,
  monotonic,
  seam,
}

export const checkIds = Object.keys(checks) as readonly CheckId[]

/** Guest by guest, in the order of the scenario; of each every check, in the order of `checkIds`. */
export function judge(run: RunResult): CheckResult[] {
  return run.guests.flatMap((guest) => {
    const spec = run.scenario.guests.find(({ name }) => name === guest.name)!
    const view: View = { guest, spec, run, series: seriesOf(guest, run.startWallNs) }
    const results = checkIds.map((id) => apply(id, view))
    return guest.fault === null ? results : [...results, faulted(guest, guest.fault)]
  })
}

/** fail if any check failed. */
export function verdictOf(results: readonly CheckResult[]): Verdict {
  return results.some(({ verdict }) => verdict === 'fail') ? 'fail' : 'pass'
}

function apply(id: CheckId, view: View): CheckResult {
  const { unit, limit: limitOf, measure } = checks[id]
  const { checks: limits } = view.run.scenario
  const limit = limitOf(limits) ?? null
  const finding = limit === null ? 'off' : measure(view, limits)
  const common = { id, guest: view.guest.name, limit, unit }
  if (typeof finding === 'string') {
    return { ...common, verdict: 'skip', value: null, atTrueNs: null, subject: null, message: finding }
  }
  return { ...common, verdict: magnitude(finding.value) > limit! ? 'fail' : 'pass', ...finding }
}

function faulted({ name }: GuestResult, fault: string): CheckResult {
  const message = `the guest stopped working: ${fault}`
  const nothing = { value: null, limit: null, atTrueNs: null, subject: null }
  return { id: 'fault', guest: name, verdict: 'fail', unit: 'count', ...nothing, message }
}
