/** A report for a terminal of 80 columns. */
import { type Style, wrap } from '../report/style.js'
import type { BenchReport, Goal, Machine, PeerResult, Result } from './report.js'

const LABEL = 30

/** Three digits and a unit: `0.753 ns`, `1.54 us`, `12.3 ms`. */
export function shortTime(ns: number): string {
  const [divisor, unit] = ns >= 1e6 ? [1e6, 'ms'] : ns >= 1e3 ? [1e3, 'us'] : [1, 'ns']
  return `${digits(ns / divisor)} ${unit}`
}

/** Three digits, without an exponent. */
export function digits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3)
}

/** A peer that the core is to be faster than is shown by how many times as fast the core is, another by its time. */
const turned = ({ name }: PeerResult) => name === 'BigInt'

function goalText(goal: Goal | null, met: boolean | null, style: Style): string {
  if (!goal) return ''
  const text = 'at_most' in goal ? `<= ${goal.at_most}` : `>= ${goal.times_as_fast}`
  return ` ${text.padStart(7)} ${met ? style.good('✓') : style.bad('✗')}`
}

function peerLine(peer: PeerResult, style: Style): string {
  const { name, title, ratio, goal, met, least_ns } = peer
  const as = turned(peer) ? (value: number) => 1 / value : (value: number) => value
  const [low, high] = [as(ratio.low), as(ratio.high)].sort((a, b) => a - b)
  const label = `    ${name}${title ? `, ${title}` : ''}`.padEnd(LABEL)
  const times = `${digits(as(ratio.least))}x`.padStart(8) + `${digits(as(ratio.median))}x`.padStart(8)
  const spread = `${digits(low!)}..${digits(high!)}`.padStart(13)
  return (label + shortTime(least_ns).padStart(10) + times + spread + goalText(goal, met, style)).trimEnd()
}

function resultLines({ title, unit, least_ns, peers }: Result, style: Style): string[] {
  const label = `  ${title}`
  const room = LABEL + 10 - label.length
  return [
    label + shortTime(least_ns).padStart(room) + style.dim(` each ${unit}`),
    ...peers.map((peer) => peerLine(peer, style)),
  ]
}

export function machineLines({ cpu, cores, platform, node, gcc }: Machine): string[] {
  return wrap(`${cpu}, ${cores} cores, Node ${node}, ${platform}, ${gcc ?? 'no gcc, so no peer in C'}`)
}

const HEAD = `${''.padEnd(LABEL)}${'time'.padStart(10)}${'ratio'.padStart(8)}${'median'.padStart(8)}${'spread'.padStart(13)}    goal`

const LEGEND = `Times are the least of all rounds. Ratios: the core's time in times of the peer's, beside BigInt how many times as fast the core is; then the median of the rounds and the interval that holds it in 98 of 100 cases. docs/performance.md explains the figures.`

export function reportText({ machine, results, quick }: BenchReport, style: Style): string {
  const suites = [...new Set(results.map(({ suite }) => suite))]
  const missed = results.flatMap(({ id, peers }) =>
    peers.flatMap(({ name, met }) => (met === false ? [`${id} beside ${name}`] : [])),
  )
  return `${[
    ...machineLines(machine),
    `load ${machine.load_before} before, ${machine.load_after} after`,
    ...(quick ? ['quick: few rounds, so spreads are wide'] : []),
    '',
    style.dim(HEAD),
    ...suites.flatMap((suite) => [
      style.bold(suite),
      ...results.filter((result) => result.suite === suite).flatMap((result) => resultLines(result, style)),
    ]),
    '',
    ...wrap(LEGEND).map(style.dim),
    ...(missed.length > 0 ? wrap(`Goals missed: ${missed.join(', ')}.`) : []),
  ].join('\n')}\n`
}
