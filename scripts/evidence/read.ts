import type { BenchReport } from '../../src/bench/report.js'

/** Takes figures out of what commands print. A function here throws Missed when the claim does not hold. */

export interface Output {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

/** A claim that did not hold, and what was seen instead. */
export class Missed extends Error {}

export function demand(holds: boolean, seen: string): void {
  if (!holds) throw new Missed(seen)
}

export function parse<T>({ stdout, status }: Output): T {
  const start = stdout.indexOf('{')
  demand(start >= 0, `no JSON on stdout, exit status ${status}`)
  return JSON.parse(stdout.slice(start)) as T
}

// ---- vitest --reporter=json

interface TestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly meta: { readonly replayed?: { file: string; rows: number; mismatches: number } }
    }[]
  }[]
}

const count = (n: number, what: string) => `${n.toLocaleString('en-US')} ${what}`

/** All tests, each of which must have passed. */
export function allTests(output: Output): string {
  const all = parse<TestReport>(output).testResults.flatMap((result) => result.assertionResults)
  const failed = all.filter(({ status }) => status !== 'passed').map(({ fullName }) => fullName)
  demand(failed.length === 0, `${failed.length} of ${all.length} tests did not pass: ${failed.join('; ')}`)
  return count(all.length, 'tests passed, none left out')
}

/** The tests of the files that match `file`, those whose names match `name`: at least `least`, and all passed. */
export const tests =
  (file: RegExp, name = /^/, least = 1) =>
  (output: Output): string => {
    const files = parse<TestReport>(output).testResults.filter((result) => file.test(result.name))
    const chosen = files
      .flatMap((result) => result.assertionResults)
      .filter((test) => name.test(test.fullName))
    const passed = chosen.filter(({ status }) => status === 'passed').length
    demand(chosen.length >= least && passed === chosen.length, `${passed} of ${chosen.length} tests passed`)
    return count(passed, 'tests passed')
  }

/** A vector file: every replay of it had `rows` rows and no mismatch, on two builds at least. */
export const vectors =
  (file: string, rows: number) =>
  (output: Output): string => {
    const all = parse<TestReport>(output).testResults.flatMap((result) => result.assertionResults)
    const replays = all.flatMap(({ meta }) => (meta.replayed?.file === file ? meta.replayed : []))
    const mismatches = replays.reduce((sum, replay) => sum + replay.mismatches, 0)
    const whole = replays.filter((replay) => replay.rows === rows).length
    const shown = `${count(rows, 'rows')}, ${replays.length} replays, ${count(mismatches, 'mismatches')}`
    demand(whole === replays.length && whole >= 2 && mismatches === 0, shown)
    return shown
  }

// ---- chronovisor run --json

interface RunReport {
  readonly verdict: string
  readonly expected: { readonly met: boolean } | null
  readonly checks: readonly {
    readonly id: string
    readonly verdict: string
    readonly value: string | null
    readonly message: string
  }[]
}

const NS = 1e9

/** The value of a check, in s; a figure to show, which may lose its last digits. */
function checkSeconds({ checks }: RunReport, id: string): number {
  const check = checks.find((one) => one.id === id && one.value !== null)
  demand(check !== undefined, `no value of ${id}`)
  return Number(check!.value) / NS
}

function within(figure: number, from: number, to: number, what: string): string {
  const shown = `${what} ${figure.toFixed(3)} s`
  demand(figure >= from && figure <= to, `${shown}, not ${from} to ${to} s`)
  return shown
}

/** How long the worst sleep of `asked` s took, by the late-wake check. */
export const slept =
  (asked: number, from: number, to: number) =>
  (output: Output): string =>
    within(asked + checkSeconds(parse(output), 'late-wake'), from, to, `nanosleep(${asked} s) took`)

/** By how many s the wall clock is off in the end; more is ahead. */
export const wallError =
  (from: number, to: number) =>
  (output: Output): string =>
    within(checkSeconds(parse(output), 'wall-error'), from, to, 'the wall clock is off by')

/** What check `id` says, whose verdict must be `verdict`. */
export const checkSays =
  (id: string, verdict: 'pass' | 'fail') =>
  (output: Output): string => {
    const check = parse<RunReport>(output).checks.find((one) => one.id === id)
    demand(check?.verdict === verdict, check ? `${id} ${check.verdict}: ${check.message}` : `no check ${id}`)
    return `${id} ${verdict === 'pass' ? 'holds' : 'does not hold'}: ${check!.message}`
  }

// ---- other commands

/** A case of `bench --json` beside one of its peers. Throws Missed if there is none. */
function benchPeer(output: Output, id: string, name: string, title: string | null) {
  const result = parse<BenchReport>(output).results.find((one) => one.id === id)
  demand(result !== undefined, `no benchmark ${id}`)
  const peer = result!.peers.find((one) => one.name === name && one.title === title)
  demand(peer !== undefined, `${id} has no ${name} beside it`)
  return { result: result!, peer: peer! }
}

/** The core takes at most so many times the peer's time, by the least times of the run. */
export const benchAtMost =
  (id: string, name: string, most: number, title: string | null = null) =>
  (output: Output): string => {
    const { result, peer } = benchPeer(output, id, name, title)
    const { least, median } = peer.ratio
    const shown = `${result.least_ns.toPrecision(3)} ns, ${least.toPrecision(3)} × ${name} (median ${median.toPrecision(3)})`
    demand(least <= most, `${shown}, not ${most} ×`)
    return shown
  }

/** The core is at least so many times as fast. */
export const benchFaster =
  (id: string, name: string, times: number) =>
  (output: Output): string => {
    const { result, peer } = benchPeer(output, id, name, null)
    const [least, median] = [1 / peer.ratio.least, 1 / peer.ratio.median]
    const shown = `${result.least_ns.toPrecision(3)} ns, ${least.toPrecision(3)} × as fast (median ${median.toPrecision(3)})`
    demand(least >= times, `${shown}, not ${times} ×`)
    return shown
  }

/** Of `verify-rate.ts`: each file's rows a second. */
export const rowRates =
  (least: number, wanted: RegExp) =>
  (output: Output): string => {
    const { files: all } = parse<{ files: { kind: string; rows_a_second: number; mismatches: number }[] }>(
      output,
    )
    const files = all.filter(({ kind }) => wanted.test(kind))
    const slow = files.filter(({ rows_a_second }) => rows_a_second < least)
    const wrong = files.filter(({ mismatches }) => mismatches > 0)
    const shown = files
      .map(({ kind, rows_a_second }) => `${kind} ${(rows_a_second / 1e6).toPrecision(2)}`)
      .join(', ')
    demand(files.length > 0 && slow.length === 0 && wrong.length === 0, `M rows/s: ${shown}`)
    return `M rows/s: ${shown}`
  }

/** Each pattern is found in what the command printed. */
export const prints =
  (...patterns: readonly RegExp[]) =>
  ({ stdout }: Output): string => {
    const found = patterns.map((pattern) => pattern.exec(stdout)?.[0].replace(/\s+/g, ' '))
    const missing = patterns.filter((_, i) => found[i] === undefined)
    demand(missing.length === 0, `does not print ${missing.join(' ')}`)
    return found.join('; ')
  }

/** The command succeeded within `limit` s. */
export const succeedsWithin =
  (limit: number) =>
  ({ status, seconds }: Output): string => {
    const shown = `exit status ${status} after ${seconds.toFixed(1)} s`
    demand(status === 0 && seconds <= limit, shown)
    return shown
  }
