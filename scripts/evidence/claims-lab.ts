/** The lab page: what it does in a real Chromium, and what it costs. */
import type { Section } from './claims.js'
import { demand, type Output, parse, tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'
const FIGURES = 'npx tsx scripts/lab-figures.ts'
const MOST_BYTES = 200_000
const MOST_MACHINE_BYTES = 120_000
const MOST_MS = 1000
const MILLIONS = 2_000_000
/** Some 60 pictures a second are seen as motion; the page's own thread is free meanwhile. */
const REDRAW_MS = 50

interface Figures {
  readonly zipped_bytes: number
  readonly machine_zipped_bytes: number
  /** null: there is no Chromium. */
  readonly first_result_ms: number | null
  readonly first_result_least_ms: number | null
  readonly readings: number
  readonly redraw_cpu_ms: number
}

function size(output: Output): string {
  const { zipped_bytes: bytes } = parse<Figures>(output)
  const shown = `${(bytes / 1000).toFixed(1)} kB`
  demand(bytes < MOST_BYTES, shown)
  return shown
}

function machineSize(output: Output): string {
  const { machine_zipped_bytes: bytes } = parse<Figures>(output)
  const shown = `${(bytes / 1000).toFixed(1)} kB`
  demand(bytes < MOST_MACHINE_BYTES, shown)
  return shown
}

function firstResult(output: Output): string {
  const { first_result_ms: median, first_result_least_ms: least } = parse<Figures>(output)
  demand(median !== null && least !== null, 'there is no Chromium here')
  const shown = `${least} ms, median ${median} ms`
  demand(least! < MOST_MS, shown)
  return shown
}

function redraw(output: Output): string {
  const { readings, redraw_cpu_ms: took } = parse<Figures>(output)
  const shown = `${readings.toLocaleString('en-US')} readings in ${took} ms of CPU (median)`
  demand(readings >= MILLIONS && took < REDRAW_MS, shown)
  return shown
}

export const lab: readonly Section[] = [
  {
    title: 'The lab page',
    claims: [
      {
        id: 'lab-chromium',
        text: 'In a real Chromium: loads, runs, turns knobs, compares, steps back, saves, follows links, tells errors in YAML, draws what the numbers say',
        command: TESTS,
        show: tests(/test\/lab\/browser\.test/, /^/, 15),
      },
      {
        id: 'lab-hashes',
        text: 'Guests end in the same state in the browser as in Node',
        command: TESTS,
        show: tests(/test\/lab\/browser\.test/, /ends in the state/, 4),
      },
      {
        id: 'lab-wcag',
        text: 'Nothing against WCAG 2.2 A and AA is found by axe, light, dark and at 360 px',
        command: TESTS,
        show: tests(/test\/lab\/browser\.test/, /draws what|WCAG/, 3),
      },
      {
        id: 'lab-size',
        text: 'The page with its core and the whole library is below 200 kB, compressed by gzip',
        command: FIGURES,
        show: size,
      },
      {
        id: 'machine-chromium',
        text: 'The page of one machine: programs end with the console and in the state of Node, from snapshots of the page and of Node, with keys typed, and again from the start',
        command: TESTS,
        show: tests(/test\/lab\/machine\.test/, /^/, 11),
      },
      {
        id: 'machine-size',
        text: 'The page of one machine, with its module and four guests, is below 120 kB, compressed by gzip',
        command: FIGURES,
        show: machineSize,
      },
      {
        id: 'lab-first-result',
        text: 'The first result is on the screen in less than 1 s after the begin of the load (least of 9 loads)',
        command: FIGURES,
        show: firstResult,
      },
      {
        id: 'lab-redraw',
        text: 'Millions of readings are drawn anew in less than 50 ms, on a thread that is not the page’s',
        command: FIGURES,
        show: redraw,
      },
    ],
  },
]
