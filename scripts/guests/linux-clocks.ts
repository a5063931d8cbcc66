/**
 * `npm run linux:clocks [-- --kernel linux-6.1] [--vcpus N] [--only TEXT] [--json] [--write]`: Debian's Linux and the
 * model `linux-ppc64` through the same stops and migrations under every PowerPC policy, and what each clock of either
 * did. --write puts the table into docs/linux-clocks.md, between its marks for so many vCPUs.
 *
 * Of several vCPUs each has a process that reads the clocks, and sleepers. The kernel boots once, to its first process; every run goes on from there, on its own host, with the timebase it had.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { judge } from '../../src/check/index.js'
import { Seen } from '../../src/observation/log.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { bootMachine, type PowerMachine, type PowerSnapshot } from '../../src/power/index.js'
import { parseScenario, type ReadClock, type Scenario } from '../../src/scenario/index.js'
import { type Code, type CodeTold, type GuestResult, type RunResult, World } from '../../src/world/index.js'
import { guestFile, IMAGE_NAMES, type ImageName } from './images.js'

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: 'linux-6.1' },
    vcpus: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
if (!(IMAGE_NAMES as string[]).includes(values.kernel))
  throw new Error(`--kernel ${values.kernel}; expected ${IMAGE_NAMES.join(', ')}`)
if (!/^[1-4]$/.test(values.vcpus)) throw new Error(`--vcpus ${values.vcpus}; expected 1 to 4`)
const VCPUS = Number(values.vcpus)
const vcpus = Array.from({ length: VCPUS }, (_, vcpu) => vcpu)

const SECOND = 1_000_000_000n
const CPU_HZ = SECOND
/** Beyond the first process: the first sleeps are under way. */
const BOOTED_CYCLES = 2n * CPU_HZ
const MEMORY = 256 << 20
const CLOCKS = ['realtime', 'monotonic', 'boottime', 'monotonic-raw'] as const satisfies ReadClock[]

interface Case {
  readonly title: string
  readonly scenario: string
  readonly policies: readonly string[]
}

interface Extra {
  readonly hypervisor?: string
  readonly decBits?: number
}

const scenario = (
  hosts: string,
  duration: string,
  events: string,
  { hypervisor = 'power-kvm', decBits = 56 }: Extra = {},
) => `
name: linux-clocks
title: "clocks of a Linux guest"
system: power
start: 2026-01-01T00:00:00Z
duration: ${duration}
hosts:
${hosts.replaceAll('HV', hypervisor)}
guests:
  g:
    on: a
    kernel: linux-ppc64
    vcpus: ${VCPUS}
    dec: { bits: ${decBits} }
    read:
${vcpus.flatMap((vcpu) => CLOCKS.map((clock) => `      - { name: ${clock}-${vcpu}, clock: ${clock}, vcpu: ${vcpu}, every: 100 ms }`)).join('\n')}
    sleep:
${vcpus.map((vcpu) => `      - { name: nanosleep-${vcpu}, vcpu: ${vcpu}, for: 700 ms, at: 100 ms, every: 1 ms }`).join('\n')}
events:
${events}
`
const HOSTS = `  a: { hypervisor: HV, uptime: 30 d, timebase: { frequency: 512 MHz } }
  b: { hypervisor: HV, uptime: 2 d, timebase: { frequency: 512 MHz } }`
const HOSTS_500 = HOSTS.replace(/(b: .*)512 MHz/, '$1500 MHz')
const MOVE = '  - { at: 10 s, migrate: g, to: b, downtime: 5 s, stop-to-save: 50 ms }'
const KVM = ['power-stopped', 'power-qemu', 'power-running', 'power-stopped-timebase']

const CASES: readonly Case[] = [
  {
    title: 'live migration, 5 s, to a host of 28 days less uptime',
    scenario: scenario(HOSTS, '40 s', MOVE),
    policies: [...KVM, 'power-tbu40', 'power-dec-lost'],
  },
  {
    title: 'the same with a decrementer of 32 bits',
    scenario: scenario(HOSTS, '40 s', MOVE, { decBits: 32 }),
    policies: ['power-qemu', 'power-dec-lost'],
  },
  {
    title: 'the same under TCG',
    scenario: scenario(HOSTS, '40 s', MOVE, { hypervisor: 'power-tcg' }),
    policies: ['power-tcg'],
  },
  {
    title: 'stopped for an hour on its host',
    scenario: scenario(HOSTS, '3640 s', '  - { at: 10 s, pause: g }\n  - { at: 3610 s, resume: g }'),
    policies: KVM,
  },
  {
    title: 'saved, host rebooted, restored an hour later',
    scenario: scenario(
      HOSTS,
      '3640 s',
      '  - { at: 10 s, save: g }\n  - { at: 20 s, reboot: a, takes: 60 s }\n  - { at: 3610 s, restore: g, on: a }',
    ),
    policies: KVM,
  },
  {
    title: 'live migration, 5 s, from 512 to 500 MHz',
    scenario: scenario(HOSTS_500, '40 s', MOVE),
    policies: ['power-running', 'power-frequency-scaled', 'power-frequency-told'],
  },
]

// ---- the guest

function boot(told: CodeTold): PowerSnapshot {
  const machine = fresh(told)
  if (machine.run(BOOTED_CYCLES) !== 'time') throw new Error('the kernel did not come up')
  if (!machine.takeConsole().includes('@userspace')) throw new Error('the kernel has no first process yet')
  return machine.snapshot()
}

function fresh(told: CodeTold): PowerMachine {
  const at = new URL('../../test/guests/linux/init.elf', import.meta.url)
  return bootMachine(readFileSync(path), path, {
    ...told,
    ramBytes: MEMORY,
    cpuHz: CPU_HZ,
    append: `console=hvc0 panic=-1 every=100 sleepers=700 then=stay${VCPUS > 1 ? ` spread=${VCPUS}` : ''}`,
    initrd: { name: 'init.elf', bytes: readFileSync(at) },
    // It shows the scenario's start when the run begins.
    dayNs: BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n - (BOOTED_CYCLES * SECOND) / CPU_HZ,
  })
}

const path = guestFile(values.kernel as ImageName)
/** By the width of the decrementer. */
const booted = new Map<number, PowerSnapshot>()

const linux: Code = {
  cpuHz: CPU_HZ,
  boot: (told) => {
    const snapshot = booted.get(told.decBits) ?? boot(told)
    booted.set(told.decBits, snapshot)
    const machine = fresh(told)
    machine.restore(snapshot)
    return machine
  },
}

// ---- what was seen

interface Row {
  readonly case: string
  readonly policy: string
  readonly guest: 'Linux' | 'model'
  /** By clock: how much further it went over the stop than true time did, ns; of vCPUs the one that is furthest off. */
  readonly acrossNs: Readonly<Record<string, string>>
  /** How far apart the vCPUs' CLOCK_MONOTONIC are afterwards, ns. */
  readonly apartNs: string
  /** CLOCK_MONOTONIC afterwards, parts per million beyond true time. */
  readonly ratePpm: number
  /** Of sleeps that were under way at the stop or begun within 2 s of the resume: the latest, ns. */
  readonly latestNs: string
  readonly fails: readonly string[]
  /** What the kernel said after the stop. */
  readonly said: readonly string[]
}

function reads(guest: GuestResult, clock: ReadClock, vcpu: number) {
  const index = guest.readers.findIndex((one) => one.clock === clock && one.vcpu === vcpu)
  return [...guest.observations.all(Seen.read)].filter((one) => one.index === index)
}

const size = (ns: bigint): bigint => (ns < 0n ? -ns : ns)
const furthest = (some: readonly bigint[]): bigint =>
  some.reduce((far, ns) => (size(ns) > size(far) ? ns : far), 0n)

function row(of: Case, policy: string, kind: Row['guest'], run: RunResult): Row {
  const guest = run.guests[0]!
  const [stop] = guest.stops
  const across = CLOCKS.map((clock) => {
    const each = vcpus.map((vcpu) => {
      const seen = reads(guest, clock, vcpu)
      const next = seen.findIndex(({ trueNs }) => trueNs >= stop!.untilNs)
      const [before, after] = [seen[next - 1], seen[next]]
      return before && after ? after.value - before.value - (after.trueNs - before.trueNs) : null
    })
    const read = each.filter((ns) => ns !== null)
    return [clock, read.length < VCPUS ? 'none' : `${furthest(read)}`] as const
  })
  const later = vcpus.map((vcpu) =>
    reads(guest, 'monotonic', vcpu).filter(({ trueNs }) => trueNs > stop!.untilNs + 5n * SECOND),
  )
  const ahead = later.flatMap(([one]) => (one ? [one.value - one.trueNs] : []))
  const apart = ahead.reduce((most, ns) => (ns - ahead[0]! > most ? ns - ahead[0]! : most), 0n)
  const least = ahead.reduce((most, ns) => (ns - ahead[0]! < most ? ns - ahead[0]! : most), 0n)
  const monotonic = later[0]!
  const [first, last] = [monotonic[0], monotonic.at(-1)]
  const span = first && last ? last.trueNs - first.trueNs : 0n
  const gained = first && last ? last.value - first.value - span : 0n
  const late = [...guest.observations.all(Seen.wake)].filter(({ trueNs }) => trueNs >= stop!.untilNs)
  const latest = late.reduce((most, { value, extra, index }) => {
    const over = value - extra - guest.sleepers[index]!.forNs
    return over > most ? over : most
  }, 0n)
  const lines = (guest.console ?? '').split(/\r?\n/)
  return {
    case: of.title,
    policy,
    guest: kind,
    acrossNs: Object.fromEntries(across),
    apartNs: `${apart - least}`,
    ratePpm: span > 0n ? Number((gained * 10_000_000n) / span) / 10 : 0,
    latestNs: `${latest}`,
    fails: judge(run).flatMap(({ id, verdict }) => (verdict === 'fail' ? [id] : [])),
    said: lines
      .filter((line) => /^\[ *\d+\.\d+\]/.test(line))
      .map((line) => line.replace(/^\[ *\d+\.\d+\] /, '').trimEnd()),
  }
}

function both(of: Case, policy: string): Row[] {
  const parsed: Scenario = parseScenario(of.scenario, 'linux-clocks.yaml')
  const options = { policy: builtInPolicy(policy) }
  const real = new World(parsed, { ...options, code: new Map([['g', linux]]) }).run()
  return [row(of, policy, 'Linux', real), row(of, policy, 'model', new World(parsed, options).run())]
}

const rows: Row[] = []
for (const one of CASES)
  for (const policy of one.policies)
    if (`${one.title} ${policy}`.includes(values.only)) {
      if (process.stderr.isTTY) process.stderr.write(`${one.title}, ${policy}\n`)
      rows.push(...both(one, policy))
    }

// ---- the table

/** A difference for people; below a hundred microseconds it is the time between two readings. */
function seconds(text: string): string {
  if (text === 'none') return 'never read'
  const ns = BigInt(text)
  if (size(ns) < 100_000n) return '0'
  const value = (Number(ns) / 1e9).toFixed(size(ns) < SECOND ? 4 : 3)
  return `${ns > 0n ? '+' : ''}${value} s`
}

const columns = [
  ...CLOCKS,
  ...(VCPUS > 1 ? ['vCPUs apart'] : []),
  ...['then, ppm', 'latest sleep', 'checks that fail'],
]

function cells({ acrossNs, apartNs, ratePpm, latestNs, fails }: Row): string[] {
  const apart = VCPUS > 1 ? [seconds(apartNs)] : []
  const across = CLOCKS.map((clock) => seconds(acrossNs[clock]!))
  return [...across, ...apart, `${ratePpm}`, seconds(latestNs), fails.join(', ') || 'none']
}

/** What it complains about, and how much more it said: registers, stacks, and lines that two CPUs print at once. */
function told({ policy, said }: Row): string[] {
  const complaints = said.filter((line) => COMPLAINTS.test(line))
  const rest = said.length - complaints.length
  return [
    ...complaints.map((line) => `- ${policy}: \`${line}\``),
    ...(rest > 0 ? [`- ${policy}: ${rest} lines more, of registers and stacks`] : []),
  ]
}
const COMPLAINTS = /^(watchdog|rcu|clocksource|sched|hrtimer|timekeeping|workqueue|INFO|BUG|WARNING)\b.*/

function table(): string {
  const titles = [...new Set(rows.map((one) => one.case))]
  return titles
    .map((title) => {
      const own = rows.filter((one) => one.case === title)
      const lines = own.map((one) => `| ${[one.policy, one.guest, ...cells(one)].join(' | ')} |`)
      const said = own.flatMap(told)
      const head = `| policy | guest | ${columns.join(' | ')} |\n|---|---|${columns.map(() => '---|').join('')}`
      return `### ${title}\n\n${head}\n${lines.join('\n')}${said.length > 0 ? `\n\nThe kernel said:\n\n${said.join('\n')}` : ''}`
    })
    .join('\n\n')
}

const MARKS = [
  VCPUS === 1 ? '<!-- linux:clocks -->' : `<!-- linux:clocks --vcpus ${VCPUS} -->`,
  '<!-- end -->',
] as const
if (values.write) {
  const doc = new URL('../../docs/linux-clocks.md', import.meta.url)
  const text = readFileSync(doc, 'utf8')
  const from = text.indexOf(MARKS[0])
  const to = text.indexOf(MARKS[1], from)
  if (from < 0 || to < from) throw new Error(`docs/linux-clocks.md has no ${MARKS.join(' … ')}`)
  writeFileSync(doc, `${text.slice(0, from + MARKS[0].length)}\n\n${table()}\n\n${text.slice(to)}`)
} else console.log(values.json ? JSON.stringify(rows, null, 2) : table())
