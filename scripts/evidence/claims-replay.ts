/** Real guests against the emulator, and the tables of docs/systems. */
import { shortNs } from '../../src/check/format.js'
import type { Claim, Section } from './claims.js'
import { demand, type Output, parse, tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'
const FIGURES = 'npx tsx scripts/replay-figures.ts --json'

interface Counted {
  readonly seen: number
  readonly predicted: number
}

interface Figures {
  readonly events: number
  readonly passed: number
  readonly guests: number
  readonly samples: number
  readonly pages: Counted
  readonly tsc_readings: Counted
  readonly streams: Counted
  readonly clocks: Readonly<Record<string, { recording: string; off_ns: string; may_ns: string }>>
}

function events(output: Output): string {
  const { events, passed, guests, samples } = parse<Figures>(output)
  const shown = `${passed} of ${events} events, ${guests} guests, ${samples} samples`
  demand(passed === events && events >= 9 && samples >= 950, shown)
  return shown
}

function bits(output: Output): string {
  const { pages, tsc_readings, streams } = parse<Figures>(output)
  const shown = [
    `${pages.predicted} of ${pages.seen} pages`,
    `${tsc_readings.predicted} of ${tsc_readings.seen} readings of the TSC`,
    `${streams.predicted} of ${streams.seen} streams`,
  ].join(', ')
  demand(
    [pages, tsc_readings, streams].every(({ seen, predicted }) => seen === predicted && seen > 0),
    shown,
  )
  return shown
}

const clock = (id: string): Claim => ({
  id: `replay-${id.replace('_', '-')}`,
  text: `CLOCK_${id.toUpperCase()} across every event is within the sampling error; the worst, and what it may be off by`,
  command: FIGURES,
  show: (output) => {
    const { recording, off_ns, may_ns } = parse<Figures>(output).clocks[id]!
    const [off, may] = [BigInt(off_ns), BigInt(may_ns)]
    const shown = `${shortNs(off, 3)} of ${shortNs(may, 3)} (${recording})`
    demand(off <= may && -off <= may, shown)
    return shown
  },
})

export const replay: Section = {
  title: 'Real guests of a real Xen, and what each system does',
  claims: [
    {
      id: 'replay-events',
      text: 'Every recorded event (save and restore, reboot, migration, another frequency; PV and PVH) ends as the real one did',
      command: FIGURES,
      show: events,
    },
    {
      id: 'replay-bits',
      text: 'Emulated TSC: pages, TSC readings and what the streams carry are predicted bit for bit',
      command: FIGURES,
      show: bits,
    },
    ...['monotonic', 'monotonic_raw', 'boottime', 'realtime'].map(clock),
    {
      id: 'replay-vtsc',
      text: '96 stamps of 32 frequencies, 33 scales and 20 pages of shared_info of the same Xen, bit for bit',
      command: TESTS,
      show: tests(/test\/replay\/recorded\.test/, /kHz and vtsc_offset|33 frequencies|20 live pages/, 37),
    },
    {
      id: 'replay-wrong',
      text: 'A recording that a guest cannot have shown fails, and one that is none is refused, at the line',
      command: TESTS,
      show: tests(/test\/replay\/wrong\.test/, undefined, 35),
    },
    {
      id: 'xen-now-unsigned',
      text: 'NOW() compares TSC and stamp unsigned, as Xen does since 7b3e1b4e84 (2026-01); a TSC that wraps takes it along',
      command: TESTS,
      show: tests(
        /test\/(assembly\/x86\/calibration|world\/(uptime|skip))\.test/,
        /NOW\(\)|a TSC that wraps/,
        5,
      ),
    },
    {
      id: 'systems',
      text: 'The tables of docs/systems are what runs show: pause, save, reboot, migration under every built-in policy',
      command: 'npx tsx scripts/systems.ts --check',
      show: ({ stdout, status }) => {
        demand(status === 0, stdout.trim())
        return stdout.trim()
      },
    },
  ],
}
