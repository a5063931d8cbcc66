/** What long uptimes cost, and that skipping over them changes nothing. */
import type { Claim, Section } from './claims.js'
import { demand, Missed, type Output, parse, tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'
const COST = 'npx tsx scripts/uptime-cost.ts --json'

interface Costs {
  readonly costs: readonly {
    readonly kernel: string
    readonly does: string
    readonly span: string
    readonly guests: number
    readonly cpu_ms: number
    readonly elapsed_ms: number
  }[]
}

const of = (output: Output, kernel: string, does: string, guests = 1) =>
  parse<Costs>(output).costs.filter(
    (row) => row.kernel === kernel && row.does === does && row.guests === guests,
  )

/** The longest span within `limitMs`. Held against the limit: the processor's time. */
const within =
  (kernel: string, does: string, limitMs: number, guests = 1) =>
  (output: Output): string => {
    const row = of(output, kernel, does, guests).at(-1)!
    const shown = `${row.cpu_ms} ms of CPU (${row.elapsed_ms} ms elapsed)`
    demand(row.cpu_ms < limitMs, shown)
    return shown
  }

const rowsOf = (output: Output, kernel: string, does: string): string =>
  of(output, kernel, does)
    .map((row) => `${row.span} ${row.cpu_ms} ms`)
    .join(', ')

const curve = (kernel: string): Claim => ({
  id: `skip-curve-${kernel}`,
  text: `Cost follows events and not ticks: 100 years of an idle ${kernel} in less than 2 s`,
  command: COST,
  show: (output) => {
    const shown = `nothing to do: ${rowsOf(output, kernel, 'nothing')}; hourly sleep: ${rowsOf(output, kernel, 'hourly sleep')}`
    demand(of(output, kernel, 'nothing').at(-1)!.cpu_ms < 2000, shown)
    return shown
  },
})

export const skip: readonly Section[] = [
  {
    title: 'Long uptimes: what they cost',
    claims: [
      {
        id: 'skip-equal',
        text: 'Drawn hosts, kernels, Hz, sleepers, readers, pauses: skipping ends in the bytes that going through every event does, at the end and at drawn instants',
        command: TESTS,
        show: tests(/test\/world\/skip\.test/),
      },
      {
        id: 'skip-century',
        text: '100 years of linux-2.6.18-xen at 1000 Hz with an hourly sleeper: less than 10 s',
        command: COST,
        show: within('linux-2.6.18-xen', 'hourly sleep', 10_000),
      },
      {
        id: 'skip-power',
        text: '10,000 years of an idle Power guest, as 35 lives of 290 years, since signed 64-bit ns end at 292: less than 1 s',
        command: COST,
        show: within('linux-ppc64', 'nothing', 1000, 35),
      },
      ...['linux-2.6.18-xen', 'linux-xen', 'linux-ppc64'].map(curve),
      {
        id: 'skip-kvm',
        text: 'Every kernel model is skipped over, linux-kvm too',
        command: COST,
        show: (output) => {
          throw new Missed(`idle linux-kvm ${rowsOf(output, 'linux-kvm', 'nothing')}`)
        },
        because:
          'How often a KVM guest wakes for one expiry depends on the phase of its TSC at each, and its steal page counts that: linux-kvm goes from event to event.',
      },
    ],
  },
]
