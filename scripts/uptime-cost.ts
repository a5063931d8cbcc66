/**
 * `npx tsx scripts/uptime-cost.ts [--json] [--event-by-event]`: what long uptimes of idle guests cost.
 *
 * For each kernel a guest that does nothing and one that sleeps an hour and then again, HZ 1000, for a day, a year and
 * 100 years; its host pushes its wall clock to Xen only when it is set, because each push is an event of the guest.
 * Time is that of the processor, of which other programs take nothing, and elapsed. --event-by-event fires every event
 * instead of skipping, for a day: what the same costs without.
 */
import { parseScenario } from '../src/scenario/index.js'
import { World } from '../src/world/index.js'

const KERNELS = ['linux-2.6.18-xen', 'linux-xen', 'linux-ppc64', 'linux-kvm'] as const
const SPANS = [
  ['1 day', 86_400],
  ['1 year', 31_557_600],
  ['100 years', 3_155_760_000],
] as const
/** 64 bits of signed ns end after 292 years, so 10,000 years are 35 guests, one after the other. */
const LIFE = ['290 years', 9_151_704_000] as const
const LIVES = 35
const HOURLY = 'sleep: [{ for: 1 h, at: 1 s, every: 0 s }]'
const SYSTEM = { 'linux-2.6.18-xen': 'xen', 'linux-xen': 'xen', 'linux-ppc64': 'power', 'linux-kvm': 'kvm' }
const HOST = {
  xen: 'hypervisor: xen, tsc: { frequency: 2.4 GHz }, wall: { pushed: when-set }',
  power: 'hypervisor: power-kvm',
  kvm: 'hypervisor: kvm, tsc: { frequency: 2.4 GHz }',
}

interface Cost {
  readonly kernel: string
  readonly does: 'nothing' | 'hourly sleep'
  readonly span: string
  readonly guests: number
  readonly cpu_ms: number
  readonly elapsed_ms: number
}

const json = process.argv.includes('--json')
const pace = process.argv.includes('--event-by-event') ? 'event-by-event' : 'skipping'

function cost(
  kernel: (typeof KERNELS)[number],
  span: readonly [string, number],
  sleeps: boolean,
  guests = 1,
): Cost {
  const system = SYSTEM[kernel] as keyof typeof HOST
  const text = `name: uptime-cost
title: an idle guest
system: ${system}
duration: 1 d
hosts: { a: { ${HOST[system]} } }
guests: { g: { on: a, kernel: ${kernel}, hz: 1000, ${sleeps ? HOURLY : ''} } }
`
  // Not in the text, where 100 years are the most.
  const scenario = { ...parseScenario(text, 'uptime-cost'), durationNs: BigInt(span[1]) * 1_000_000_000n }
  const cpu = process.cpuUsage()
  const from = performance.now()
  for (let i = 0; i < guests; i++) new World(scenario, { pace }).run()
  const { user, system: kernelTime } = process.cpuUsage(cpu)
  return {
    kernel,
    does: sleeps ? 'hourly sleep' : 'nothing',
    span: span[0],
    guests,
    cpu_ms: Math.round((user + kernelTime) / 1e3),
    elapsed_ms: Math.round(performance.now() - from),
  }
}

function* costs(): Generator<Cost> {
  for (const kernel of KERNELS) cost(kernel, SPANS[0], true) // compiled, and out of the figures
  for (const kernel of KERNELS) {
    for (const sleeps of [false, true]) {
      for (const span of SPANS) {
        const most = pace === 'event-by-event' ? SPANS[0] : kernel === 'linux-kvm' ? SPANS[1] : SPANS[2]
        if (span[1] <= most[1]) yield cost(kernel, span, sleeps)
      }
    }
  }
  if (pace === 'skipping') yield cost('linux-ppc64', LIFE, false, LIVES)
}

const rows: Cost[] = []
for (const row of costs()) {
  rows.push(row)
  if (json) continue
  const { kernel, does, span, guests, cpu_ms, elapsed_ms } = row
  const what = guests === 1 ? span : `${guests} × ${span}`
  console.log(
    `${kernel.padEnd(18)}${does.padEnd(14)}${what.padEnd(18)}${`${cpu_ms}`.padStart(8)} ms CPU${`${elapsed_ms}`.padStart(8)} ms`,
  )
}
if (json) console.log(JSON.stringify({ pace, costs: rows }))
