/**
 * `npm run linux:steal [-- --kernel linux-6.1] [--json]`: a host takes vCPUs away from Debian's Linux, which counts what
 * it waited (/proc/stat), beside the model `linux-ppc64` in the same scenario. Ends with 1 where either counts time that
 * was not taken, or less than what its vCPUs, which have something to do each 50 ms, must have waited.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { codeOf } from '../../src/cli/code.js'
import { Seen } from '../../src/observation/log.js'
import { parseScenario } from '../../src/scenario/index.js'
import { type GuestResult, World } from '../../src/world/index.js'
import { guestFile, type ImageName } from './images.js'

const { values } = parseArgs({
  options: { kernel: { type: 'string', default: 'linux-6.1' }, json: { type: 'boolean', default: false } },
})

const MS = 1_000_000n
const SLEEP_MS = 50n
/** One that sleeps does not wait before it has something to do; and /proc/stat has hundredths of a second. */
const ROOM_NS = (SLEEP_MS + 15n) * MS
const VCPUS = [0, 1] as const

interface Case {
  readonly title: string
  readonly atMs: number
  /** From which vCPUs, for how long. */
  readonly from: readonly number[]
  readonly forMs: number
  /** Meanwhile, stopped for so long. */
  readonly stoppedMs: number
}

const CASES: readonly Case[] = [
  { title: 'vCPU 1 for 2 s', atMs: 10_000, from: [1], forMs: 2000, stoppedMs: 0 },
  { title: 'vCPU 0 for 1.5 s', atMs: 20_000, from: [0], forMs: 1500, stoppedMs: 0 },
  { title: 'both at once for 2 s', atMs: 30_000, from: [0, 1], forMs: 2000, stoppedMs: 0 },
  { title: 'vCPU 1 for 2 s, stopped for 1 s of it', atMs: 40_000, from: [1], forMs: 2000, stoppedMs: 1000 },
  { title: 'vCPU 1 for 40 s', atMs: 60_000, from: [1], forMs: 40_000, stoppedMs: 0 },
]

const eventsOf = ({ atMs, from, forMs, stoppedMs }: Case): string[] => [
  ...from.map((vcpu) => `at: ${atMs} ms, steal: g, vcpu: ${vcpu}, for: ${forMs} ms`),
  ...(stoppedMs > 0 ? [`at: ${atMs + 500} ms, pause: g`, `at: ${atMs + 500 + stoppedMs} ms, resume: g`] : []),
]

const scenario = () =>
  parseScenario(
    `
name: linux-steal
title: vCPUs are taken away
system: power
start: 2026-01-01T00:00:00Z
duration: 120 s
hosts:
  a: { hypervisor: power-kvm, uptime: 30 d, timebase: { frequency: 512 MHz } }
guests:
  g:
    on: a
    kernel: linux-ppc64
    memory: 256 MiB
    vcpus: ${VCPUS.length}
    dec: { bits: 56 }
    read:
${VCPUS.map((vcpu) => `      - { name: steal-${vcpu}, clock: steal, vcpu: ${vcpu}, every: 1 s }`).join('\n')}
    sleep:
${VCPUS.map((vcpu) => `      - { vcpu: ${vcpu}, for: ${SLEEP_MS} ms, at: 1 s, every: 1 ms }`).join('\n')}
events:
${CASES.flatMap(eventsOf)
  .map((event) => `  - { ${event} }`)
  .join('\n')}
`,
    'linux-steal.yaml',
  )

function linux(): GuestResult {
  const its = scenario()
  const code = codeOf(
    {
      code: [`g=${guestFile(values.kernel as ImageName)}`],
      initrd: fileURLToPath(new URL('../../test/guests/linux/init.elf', import.meta.url)),
      append: `console=hvc0 panic=-1 every=1000 sleepers=${SLEEP_MS} spread=${VCPUS.length} steal=1 then=stay`,
    },
    its,
  )!
  return new World(its, { code }).run().guests[0]!
}

/** What the vCPU's stolen time grew by from the last reading before the first instant to the last before the other. */
function stolenNs(
  { observations, readers }: GuestResult,
  vcpu: number,
  fromMs: number,
  untilMs: number,
): bigint {
  const index = readers.findIndex((one) => one.clock === 'steal' && one.vcpu === vcpu)
  const reads = [...observations.all(Seen.read)].filter((one) => one.index === index)
  const before = (ms: number) => reads.filter(({ trueNs }) => trueNs < BigInt(ms) * MS).at(-1)?.value ?? 0n
  return before(untilMs) - before(fromMs)
}

/** What `--json` prints of each time that the host took something, by vCPU. */
export interface StealRow {
  readonly case: string
  readonly taken_ns: readonly string[]
  readonly linux_ns: readonly string[]
  readonly model_ns: readonly string[]
  readonly right: boolean
}

const [real, model] = [linux(), new World(scenario()).run().guests[0]!]

const rows = CASES.map((one, i): StealRow => {
  const end = CASES[i + 1]?.atMs ?? 120_000
  const taken = VCPUS.map((vcpu) => (one.from.includes(vcpu) ? BigInt(one.forMs - one.stoppedMs) * MS : 0n))
  const [linuxNs, modelNs] = [real, model].map((guest) =>
    VCPUS.map((vcpu) => stolenNs(guest, vcpu, one.atMs, end)),
  ) as [bigint[], bigint[]]
  const isRight = (ns: bigint, vcpu: number) =>
    ns <= taken[vcpu]! + 10n * MS && (taken[vcpu] === 0n || ns > taken[vcpu]! - ROOM_NS)
  return {
    case: one.title,
    taken_ns: taken.map(String),
    linux_ns: linuxNs.map(String),
    model_ns: modelNs.map(String),
    right: linuxNs.every(isRight) && modelNs.every(isRight),
  }
})

/** What the kernel says of it, each report in its first line. */
const reports = real.console!.split(/\r?\n/).filter((line) => /LOCKUP|unstuck|stall/.test(line))

if (values.json) console.log(JSON.stringify({ kernel: values.kernel, rows, reports }))
else {
  const seconds = (all: readonly string[]) => all.map((ns) => (Number(ns) / 1e9).toFixed(3)).join(', ')
  for (const row of rows) {
    console.log(
      `${row.case}: of vCPU 0 and 1 ${seconds(row.taken_ns)} s are taken; Linux counts ${seconds(row.linux_ns)}, ` +
        `the model ${seconds(row.model_ns)}${row.right ? '' : ': NOT RIGHT'}`,
    )
  }
  for (const line of reports) console.log(`    ${line}`)
}
process.exitCode = rows.every(({ right }) => right) ? 0 : 1
