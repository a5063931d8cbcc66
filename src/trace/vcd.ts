/**
 * Value Change Dump (IEEE 1364-2001, 18), as GTKWave and its like open it, at 1 ns.
 *
 *   scenario
 *   ├─ a host      its clocks, sampled
 *   └─ a guest     running · what each reader read, and how far that is from the truth
 *                  · asleep and late for each sleeper · events: marks and what the kernel said
 *
 * Errors are two's complement, so show them as signed decimals. A value stands until the next one that differs.
 */
import type { ClockKind } from '../check/index.js'
import { seriesOf } from '../check/index.js'
import type { RunResult } from '../world/result.js'
import type { TraceRow } from './rows.js'
import type { Sample, Sampled } from './sample.js'

interface Variable {
  readonly id: string
  /** Bits; 0: an event, which has no value. */
  readonly width: number
  /** As it was dumped last. */
  last: string
}

const AT_ONCE = 1024

export function* vcdChunks({ run, samples }: Sampled, rows: Iterable<TraceRow>): Generator<string> {
  const variables = new Map<string, Variable>()
  yield* header(run, samples, variables)
  let lines: string[] = []
  let now = -1n
  for (const row of rows) {
    const changes = changesOf(row).flatMap(([key, value]) => change(variables.get(key), value))
    if (changes.length === 0) continue
    if (row.trueNs !== now) lines.push(`#${row.trueNs}`)
    now = row.trueNs
    lines.push(...changes)
    if (lines.length < AT_ONCE) continue
    yield `${lines.join('\n')}\n`
    lines = []
  }
  if (now !== run.endNs) lines.push(`#${run.endNs}`)
  yield `${lines.join('\n')}\n`
}

// ---- changes

type Change = readonly [key: string, value: bigint]

function changesOf(row: TraceRow): readonly Change[] {
  const { guest, host, event, subject, value, errorNs } = row
  const at = (name: string) => `${guest === '' ? `host ${host}` : `guest ${guest}`}/${name}`
  switch (event) {
    case 'read':
      return [
        [at(subject), value!],
        ...(errorNs === null ? [] : [[at(`${subject} error`), errorNs] as const]),
      ]
    case 'sample':
      return guest === '' ? [[at(subject), value!]] : []
    case 'stop':
      return [[at('running'), 0n]]
    case 'boot':
    case 'resume':
      return [[at('running'), 1n]]
    case 'sleep':
      return [[at(`${subject} asleep`), 1n]]
    case 'late':
      return [[at(`${subject} late`), 1n]]
    case 'wake':
      return [
        [at(`${subject} asleep`), 0n],
        [at(`${subject} late`), 0n],
      ]
    case 'mark':
      return [[at(`event ${subject}`), 1n]]
    default:
      return [[at(`event ${event}`), 1n]]
  }
}

function change(variable: Variable | undefined, value: bigint): string[] {
  if (!variable) return []
  const { id, width } = variable
  if (width === 0) return [`1${id}`]
  const bits = BigInt.asUintN(width, value).toString(2)
  if (bits === variable.last) return []
  variable.last = bits
  return [width === 1 ? `${bits}${id}` : `b${bits} ${id}`]
}

// ---- declarations

function* header(
  run: RunResult,
  samples: readonly Sample[],
  variables: Map<string, Variable>,
): Generator<string> {
  const { scenario } = run
  const lines = [
    `$comment ${plainText(`${scenario.name}: ${scenario.title}`)} $end`,
    `$comment time is true time; #0 is ${run.startWallNs} ns after 1970-01-01T00:00:00Z $end`,
    '$version chronovisor $end',
    '$timescale 1 ns $end',
    `$scope module ${identifier(scenario.name)} $end`,
  ]
  const scope = (name: string, owner: string, declared: readonly (readonly [string, string, number])[]) => {
    const names = new Names()
    lines.push(`$scope module ${identifier(name)} $end`)
    for (const [key, label, width] of declared) {
      const id = codeOf(variables.size)
      variables.set(`${owner} ${name}/${key}`, { id, width, last: '' })
      const kind = width === 0 ? 'event 1' : `wire ${width}`
      lines.push(`$var ${kind} ${id} ${names.free(label)}${width > 1 ? ` [${width - 1}:0]` : ''} $end`)
    }
    lines.push('$upscope $end')
  }
  for (const { name } of scenario.hosts) scope(name, 'host', hostVariables(name, run, samples))
  for (const guest of run.guests) scope(guest.name, 'guest', guestVariables(guest.name, run))
  lines.push('$upscope $end', '$enddefinitions $end', '$dumpvars')
  for (const { id, width } of variables.values()) {
    if (width > 0) lines.push(width === 1 ? `x${id}` : `bx ${id}`)
  }
  lines.push('$end')
  yield `${lines.join('\n')}\n`
}

function hostVariables(name: string, run: RunResult, samples: readonly Sample[]) {
  const clocks = samples[0]?.hosts.find((host) => host.name === name)?.clocks ?? []
  const kinds = new Set(run.marks.filter((mark) => mark.host === name).map(({ kind }) => kind))
  return [
    ...clocks.map(({ clock }) => [clock, clock, 64] as const),
    ...[...kinds].map((kind) => [`event ${kind}`, kind, 0] as const),
  ]
}

const JUDGED: ReadonlySet<ClockKind> = new Set(['wall', 'elapsed'])
const NOTICED = ['boot', 'ticks', 'time-went-backwards', 'clock-set', 'soft-lockup', 'watchdog-touched']

function guestVariables(name: string, run: RunResult) {
  const guest = run.guests.find((one) => one.name === name)!
  const readers = seriesOf(guest, run.startWallNs).flatMap((series) => {
    const value = [series.name, series.name, 64] as const
    if (!JUDGED.has(series.kind)) return [value]
    let most = 0n
    for (let k = 0; k < series.length; k++) {
      const error = series.error(k)
      const size = error < 0n ? ~error : error
      if (size > most) most = size
    }
    // A clock at the end of its 64 bits is further off than 64 bits can say.
    const width = Math.max(64, most.toString(2).length + 1)
    return [value, [`${series.name} error`, `${series.name}_error_ns`, width] as const]
  })
  const kinds = new Set(run.marks.filter((mark) => mark.guest === name).map(({ kind }) => kind))
  const events = [...new Set([...kinds, ...NOTICED, 'settime', 'set-rtc', 'frequency-error'])]
  return [
    ['running', 'running', 1] as const,
    ...readers,
    ...guest.sleepers.flatMap(({ name: sleeper }) => [
      [`${sleeper} asleep`, `${sleeper}_asleep`, 1] as const,
      [`${sleeper} late`, `${sleeper}_late`, 1] as const,
    ]),
    ...events.map((kind) => [`event ${kind}`, kind, 0] as const),
  ]
}

/** Names in one scope: whatever VCD has no room for becomes `_`, and nothing is there twice. */
class Names {
  readonly #taken = new Set<string>()

  free(wanted: string): string {
    const name = identifier(wanted)
    let free = name
    for (let n = 2; this.#taken.has(free); n++) free = `${name}_${n}`
    this.#taken.add(free)
    return free
  }
}

function identifier(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`
}

function plainText(text: string): string {
  return text.replaceAll('$', 'S').replace(/\s+/g, ' ')
}

/** Identifier codes are made of the 94 printable characters. */
function codeOf(index: number): string {
  let code = ''
  for (let n = index + 1; n > 0; n = Math.floor((n - 1) / 94))
    code += String.fromCharCode(33 + ((n - 1) % 94))
  return code
}
