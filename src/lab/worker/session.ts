/** What the page is looking at: a scenario, and its run under one policy or two. */
import { type CheckResult, judge, type Verdict, verdictOf } from '../../check/index.js'
import { MAX_COLUMNS, type PointList, Points } from '../../core/points.js'
import {
  type Bin,
  binsOf,
  type Curve,
  type Window as Cut,
  type Drawing,
  describeDrawing,
  drawingOf,
} from '../../draw/index.js'
import { builtInPolicy } from '../../policy/built-in.js'
import type { ClockPolicy } from '../../policy/policy.js'
import { outcomeOf } from '../../report/outcome.js'
import { ScenarioError } from '../../scenario/error.js'
import { parseScenario } from '../../scenario/parse.js'
import type { Scenario } from '../../scenario/types.js'
import type { RunResult } from '../../world/result.js'
import { type RunOptions, runScenario } from '../../world/world.js'
import type { RunView, Setup, Side } from '../protocol.js'
import { Cursor } from './cursor.js'
import { knobsOf } from './knobs.js'
import { comparedPolicies, fittingPolicies, ownPolicy } from './policies.js'

/** One run, with its picture; the readings lie in a core, which cuts them to the columns of a picture. */
export class SideRun {
  readonly run: RunResult
  readonly drawing: Drawing
  readonly cursor: Cursor
  readonly replaced: ClockPolicy | null
  readonly options: RunOptions
  readonly #points = new Points()
  readonly #lists = new Map<Curve, PointList>()

  constructor(scenario: Scenario, policy: string | null) {
    this.replaced = policy === null ? null : builtInPolicy(policy)
    this.options = this.replaced ? { policy: this.replaced } : {}
    this.run = runScenario(scenario, this.options)
    this.drawing = drawingOf(this.run)
    this.cursor = new Cursor(scenario, this.options)
    for (const { curves } of this.drawing.guests) for (const curve of curves) this.#keep(curve)
  }

  #keep(curve: Curve): void {
    const { trueNs, valueNs, offsetNs, lowNs, highNs } = curve
    // A clock that is further off than 64 bits say stays with the slower way of src/draw.
    if (lowNs !== BigInt.asIntN(64, lowNs) || highNs !== BigInt.asIntN(64, highNs)) return
    const list = this.#points.add(
      trueNs.length,
      (k) => trueNs[k]!,
      (k) => valueNs[k]! - trueNs[k]! - offsetNs,
    )
    this.#lists.set(curve, list)
  }

  /** binsOf of src/draw, by the core: from one stop of the guest to the next. */
  readonly bins = (curve: Curve, window: Cut): Bin[] => {
    const list = this.#lists.get(curve)
    if (!list || window.columns > MAX_COLUMNS) return binsOf(curve, window)
    const first = this.#points.below(list, window.fromNs)
    const starts = [0, ...curve.afterStop, curve.trueNs.length]
    const bins: Bin[] = []
    for (let i = 0; i + 1 < starts.length; i++) {
      const [from, to] = [starts[i]!, starts[i + 1]!]
      if (to <= first || from >= to) continue
      if (curve.trueNs[from]! > window.untilNs) break
      const part = this.#points.slice(list, from, to)
      const columns = this.#points.columns(part, window.fromNs, window.untilNs, window.columns)
      columns.forEach(({ column: x, first, last, low, high }, at) => {
        bins.push({ x, first, last, low, high, afterStop: at === 0 && i > 0 })
      })
    }
    return bins
  }
}

export class Session {
  readonly scenario: Scenario
  readonly sides: readonly SideRun[]
  readonly #text: string

  /** Runs it. Throws ScenarioError. */
  constructor({ text, fileName, policies, seed }: Setup) {
    this.#text = text
    this.scenario = parseScenario(text, fileName, seed === null ? {} : { seed })
    for (const guest of this.scenario.guests) ownPolicy(this.scenario, guest)
    this.sides = policies.map((policy) => new SideRun(this.scenario, this.#fitting(policy)))
  }

  /** A policy of another system would be refused by the hypervisor that the guest is on. */
  #fitting(policy: string | null): string | null {
    if (policy === null || fittingPolicies(this.scenario).some(({ name }) => name === policy)) return policy
    const { fileName, system } = this.scenario
    throw new ScenarioError(fileName, null, `there is no policy ${policy} for ${system}`)
  }

  get view(): RunView {
    const { scenario } = this
    return {
      name: scenario.name,
      title: scenario.title,
      cite: scenario.cite,
      summary: scenario.summary,
      system: scenario.system,
      seed: scenario.seed,
      drawn: scenario.drawn,
      endNs: scenario.durationNs,
      ownPolicy: ownPolicy(scenario, scenario.guests[0]!).name,
      policies: fittingPolicies(scenario).map(({ name, title }) => ({ name, title })),
      compared: comparedPolicies(scenario),
      knobs: knobsOf(this.#text, scenario),
      sides: this.sides.map(sideView),
    }
  }

  /** The scenario judged under a policy. */
  judged(policy: string): { policy: ClockPolicy; checks: CheckResult[]; verdict: Verdict } {
    const checks = judge(runScenario(this.scenario, { policy: builtInPolicy(policy) }))
    return { policy: builtInPolicy(policy), checks, verdict: verdictOf(checks) }
  }
}

function sideView({ run, replaced, drawing }: SideRun): Side {
  const { checks, verdict, expected } = outcomeOf(run, replaced?.name ?? null)
  const names = [...new Set(run.guests.map(({ policy }) => policy))]
  return {
    policy: names.join(', '),
    title: names.length === 1 ? builtInPolicy(names[0]!).title : '',
    verdict,
    met: expected?.met ?? null,
    checks,
    guests: run.guests.map(({ name, kernel, policy, stateHash }) => ({ name, kernel, policy, stateHash })),
    words: describeDrawing(drawing),
  }
}
