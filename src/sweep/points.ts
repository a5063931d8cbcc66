/** The points of a sweep, and the scenario at each. */
import { parseDocument } from 'yaml'
import { ScenarioError } from '../scenario/error.js'
import { parseScenario } from '../scenario/parse.js'
import type { Scenario } from '../scenario/types.js'
import { Random } from '../search/random.js'
import { type Axis, SweepError } from './axis.js'

const MOST_POINTS = 1_000_000

/** A value for each axis. */
export type Point = readonly string[]

/** All combinations, the last axis fastest. Throws SweepError where they are too many. */
export function grid(axes: readonly Axis[]): Point[] {
  const count = axes.reduce((product, { values }) => product * values.length, 1)
  if (count > MOST_POINTS)
    throw new SweepError(`the grid has ${count} points; expected at most ${MOST_POINTS}, or --sample`)
  return axes.reduce<Point[]>(
    (points, { values }) => points.flatMap((point) => values.map((value) => [...point, value])),
    [[]],
  )
}

/** Point i of a seed is always the same one. */
export function sample(axes: readonly Axis[], count: number, seed: number): Point[] {
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(seed, index)
    return axes.map((axis) => axis.draw(random))
  })
}

/** The scenario of `text` with a point's values at their paths. Throws ScenarioError, SweepError. */
export function scenarioAt(text: string, fileName: string, axes: readonly Axis[], point: Point): Scenario {
  const document = parseDocument(text)
  axes.forEach(({ keys, path }, i) => {
    const parent = keys.slice(0, -1)
    if (parent.length > 0 && !document.hasIn(parent))
      throw new SweepError(
        `${fileName}: there is nothing that ${path} is a part of; expected a path of the scenario`,
      )
    // As a scenario's author would have written it: 2 is a number, true is true.
    document.setIn(keys, parseDocument(point[i]!).toJS() as unknown)
  })
  try {
    return parseScenario(document.toString({ lineWidth: 0 }), fileName)
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    const where = axes.map(({ path }, i) => `${path}=${point[i]}`).join(' ')
    throw new SweepError(`at ${where}: ${error.message}`)
  }
}
