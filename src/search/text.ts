/** What a search found, for people and for programs. */
import type { Json } from '../report/json.js'
import { type Style, wrap } from '../report/style.js'
import type { Counterexample } from './counterexample.js'
import type { Breach } from './examine.js'
import { isPromised } from './examine.js'
import type { Piece } from './piece.js'
import type { Subject } from './subject.js'
import type { Broken, Tally } from './tally.js'

export interface Found {
  readonly subject: Subject
  readonly whole: Piece
  readonly tally: Tally
  /** Of every promise that is broken, with the path of its file. */
  readonly counterexamples: readonly (Counterexample & { readonly file: string })[]
}

const number = (value: number) => value.toLocaleString('en-US')

export function brokenPromises({ broken }: Tally, subject: Subject): Breach[] {
  return (Object.keys(broken) as Breach[]).filter((breach) => isPromised(breach, subject)).sort()
}

export function foundText(found: Found, style: Style): string {
  const { subject, whole, tally, counterexamples } = found
  const { policy, kernel } = subject
  const lines = [
    style.bold(`${policy.name}, guests of ${kernel}`),
    ...wrap(
      `${number(tally.histories)} histories of seed ${whole.seed}, ${number(tally.mixed)} of them between hosts of different frequency; guests made ${number(tally.observations)} observations.`,
    ),
    '',
  ]
  for (const { breach, message, scenario, file, tried } of counterexamples) {
    const { count, first } = tally.broken[breach]!
    lines.push(
      `${style.bad('✗')} ${style.bold(breach)}: ${times(count)}, first in history ${number(first)}`,
      ...wrap(message, 4).map((line) => `    ${line}`.trimEnd()),
      ...wrap(`${scenario.events.length} events, made small in ${number(tried)} tries: ${file}`, 4).map(
        (line) => style.dim(`    ${line.trimStart()}`),
      ),
      `    chronovisor ${breach === 'equal' || breach === 'error' ? 'check' : 'run'} ${file}`,
    )
  }
  if (counterexamples.length === 0) lines.push(`${style.good('✓')} no history breaks what it promises`)
  const others = (Object.entries(tally.broken) as [Breach, Broken][])
    .filter(([breach]) => !isPromised(breach, subject))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  if (others.length > 0) {
    const told = others.map(([breach, { count }]) => `${breach} ${number(count)}`).join(', ')
    lines.push('', ...wrap(`Seen, but not promised: ${told}.`))
  }
  if (counterexamples.length > 0) lines.push('', `The same again: ${reproduction(found)}`)
  return `${lines.join('\n')}\n`
}

function times(count: number): string {
  return count === 1 ? 'in one history' : `in ${number(count)} histories`
}

/** The command line that finds the same again, and nothing else. */
export function reproduction({ whole, subject, tally, counterexamples }: Found): string {
  const first = Math.min(...counterexamples.map(({ breach }) => tally.broken[breach]!.first))
  const guest = whole.guest === null ? '' : ` --guest ${subject.kernel}`
  return `chronovisor check --policy ${whole.policy}${guest} --seed ${whole.seed} --from ${first} --runs 1`
}

export function foundJson({ subject, whole, tally, counterexamples }: Found): Json {
  const breaches = (Object.entries(tally.broken) as [Breach, Broken][]).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    policy: whole.policy,
    guest: subject.kernel,
    seed: whole.seed,
    from: whole.from,
    histories: tally.histories,
    mixed: tally.mixed,
    observations: tally.observations,
    kept: counterexamples.length === 0,
    breaches: breaches.map(([breach, { count, first }]) => {
      const shown = counterexamples.find((one) => one.breach === breach)
      return {
        breach,
        promised: isPromised(breach, subject),
        histories: count,
        first,
        message: shown?.message ?? null,
        file: shown?.file ?? null,
      }
    }),
  }
}
