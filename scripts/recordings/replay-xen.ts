/**
 * Makes recordings for `chronovisor replay` (docs/replay.md) of samples that were taken in real guests of Xen 4.17: a CSV,
 * one row a sample, with the time page and four clocks, each read between two readings of the TSC.
 *
 *   npx tsx scripts/recordings/replay-xen.ts guest_samples.csv FOLDER
 *
 * What the CSV does not hold stands here as it was noted: the hosts, which rows belong together, what the saved guests'
 * streams said, and of hosts whose wall clock was not written down, how far CLOCK_REALTIME was behind it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { parseRecording } from '../../src/replay/index.js'
import { shownNow } from '../../src/replay/tsc.js'

type Row = Readonly<Record<string, string>>
type Rows = readonly [log: string, from: number, to: number]

interface Case {
  readonly name: string
  readonly title: string
  readonly guest: string
  readonly from: Host
  readonly before: readonly Rows[]
  readonly event: string
  readonly to: Host
  readonly after: Rows
}

interface Host {
  readonly name: string
  readonly khz: number
  /** UTC at system time 0 as SHARED_INFO had it, or how far CLOCK_REALTIME was behind it in a sample, noted to 1 ms. */
  readonly wall:
    | { readonly at: bigint }
    | { readonly behind: bigint; readonly sample: readonly [log: string, i: number] }
  readonly error: bigint
}

const MS = 1_000_000n
/** Noted to 1 ms. */
const NOTED = MS / 2n
/** dom0 (250 Hz) tells Xen the time of its last tick, and did so while these guests were away. */
const TICK = 4n * MS
/** The guest's kernel reads wall clock and clock source one after the other, on a CPU that is emulated itself. */
const KERNEL = MS / 2n

const SLEEP = 'sleep=2000000000 late=500000000'
const U1 = `kind=pv tsc_mode=0 tsc_khz=2299997 ${SLEEP}`
const U2 = `kind=pv tsc_mode=2 tsc_khz=2299998 ${SLEEP}`
const U4 = `kind=pvh tsc_mode=0 tsc_khz=2299999 ${SLEEP}`
const U1_LOG = 'raw/b1/mig-b1-u1-guest-u1.log'
const U2_LOG = 'raw/b1/mig-b1-u1-guest-u2.log'
const U4_FIRST = 'raw/b2/b2-pvh3-guest-u4-restored.log'
const U4_SECOND = 'raw/b2/b2-pvh3-guest-u4--incoming.log'
/** X86_TSC_INFO of u1's stream; the TSC in the HVM context of u4's. */
const U1_RESTORED = `kind=save-restore nsec=201238815163 error=${KERNEL}`
const U4_RESTORED = `kind=save-restore tsc=245198560249 error=${KERNEL}`
const U1_BEFORE: Rows = [U1_LOG, 0, 85]
const U4_BEFORE: Rows = [U4_SECOND, 27, 38]

const host = (name: string, wall: Host['wall'], error: bigint, khz = 2299998): Host => {
  return { name, khz, wall, error }
}
const at = (ns: bigint) => ({ at: ns })
const behind = (ms: bigint, log: string, i: number) => ({ behind: ms * MS, sample: [log, i] as const })
const B1 = at(1_795_309_714_035_398_643n)
const B1_LATER = at(1_795_309_714_033_320_167n)
const B2_LATER = behind(1251n, U4_FIRST, 26)
const B3 = host('b3', behind(2662n, 'raw/b3/console-guest-u1.log', 86), NOTED, 1_000_000)

const u1 = (name: string, title: string, to: Host, after: Rows): Case => {
  const before = [U1_BEFORE]
  return { name, title, guest: U1, from: host('b1', B1, 0n), before, event: U1_RESTORED, to, after }
}
const u4 = (name: string, title: string, to: Host, after: Rows): Case => {
  const before = [U4_BEFORE]
  return { name, title, guest: U4, from: host('b2', B2_LATER, NOTED), before, event: U4_RESTORED, to, after }
}

const B2_U1 = 'raw/b2/b2-pvh-guest-u1.log'
const B4_U1 = 'raw/b4/b4-restore-guest-u1.log'
const B4_U4 = 'raw/b4/b4-restore-guest-u4.log'
const cases: readonly Case[] = [
  u1('u1-same-boot', 'PV, emulated TSC: save and restore on the same boot', host('b1-later', B1, TICK), [
    U1_LOG,
    86,
    472,
  ]),
  u1(
    'u1-reboot',
    'PV, emulated TSC: restore after a reboot of the host',
    host('b2', behind(2663n, B2_U1, 86), NOTED),
    [B2_U1, 86, 126],
  ),
  u1(
    'u1-young-host',
    'PV, emulated TSC: restore on a host that is up for 20 s',
    host('b4', behind(2663n, B4_U1, 86), NOTED),
    [B4_U1, 86, 98],
  ),
  u1('u1-1ghz', 'PV, emulated TSC: restore on a host of 1 GHz', B3, ['raw/b3/console-guest-u1.log', 86, 219]),
  {
    name: 'u2-same-boot',
    title: 'PV, native TSC: save and restore on the same boot',
    guest: U2,
    from: host('b1', B1_LATER, 0n),
    before: [[U2_LOG, 0, 132]],
    event: `kind=save-restore error=${KERNEL}`,
    to: host('b1-later', B1_LATER, 0n),
    after: [U2_LOG, 133, 191],
  },
  {
    name: 'u4-migrate',
    title: 'PVH, emulated TSC: live migration to the same host',
    guest: U4,
    from: host('b2', B2_LATER, 0n),
    before: [
      ['raw/b2/b2-pvh2-guest-u4.log', 0, 9],
      [U4_FIRST, 10, 26],
    ],
    event: `kind=migrate error=${KERNEL}`,
    to: host('b2-later', B2_LATER, 0n),
    after: U4_BEFORE,
  },
  u4(
    'u4-same-boot',
    'PVH, emulated TSC: save and restore on the same boot',
    host('b2-later', B2_LATER, TICK),
    [U4_FIRST, 39, 45],
  ),
  u4(
    'u4-young-host',
    'PVH, emulated TSC: restore on a host that is up for 28 s',
    host('b4', behind(1251n, B4_U4, 39), NOTED),
    [B4_U4, 39, 47],
  ),
  // Where the wall clock is known from the other guest on that host.
  u4('u4-1ghz', 'PVH, emulated TSC: restore on a host of 1 GHz', B3, [
    'raw/b3/console-guest-u4.log',
    39,
    139,
  ]),
]

const [csv, folder] = process.argv.slice(2)
if (!csv || !folder) {
  console.error('usage: replay-xen.ts guest_samples.csv FOLDER')
  process.exit(2)
}
const rows = (parse(readFileSync(csv), { columns: true }) as Row[]).filter(
  ({ source }) => source !== 'source',
)
for (const one of cases) {
  const text = recordingOf(one)
  parseRecording(text, one.name)
  const file = join(folder, `${one.name}.rec.gz`)
  writeFileSync(file, gzipSync(text, { level: 9 }))
  console.log(`${file}: ${text.length} bytes before gzip`)
}

function recordingOf({ title, guest, from, before, event, to, after }: Case): string {
  const [was, is] = [before.flatMap(samples), samples(after)]
  return `${[
    'recording 1',
    `title ${title}`,
    'source Xen 4.17.7 and Linux 6.1 under QEMU 7.2 (TCG), sampled in the guest',
    hostLine(from),
    hostLine(to),
    `guest on=${from.name} ${guest}`,
    ...was.flatMap(sampleLines),
    `event to=${to.name} ${event}`,
    ...is.flatMap(sampleLines),
  ].join('\n')}\n`
}

function samples([log, first, last]: Rows): Row[] {
  return rows.filter(({ source, i }) => source === log && Number(i) >= first && Number(i) <= last)
}

function hostLine({ name, khz, wall, error }: Host): string {
  return `host name=${name} tsc_khz=${khz} wall=${'at' in wall ? wall.at : noted(wall.behind, wall.sample)} wall_error=${error}`
}

function noted(behind: bigint, [log, i]: readonly [log: string, i: number]): bigint {
  const [row] = samples([log, i, i])
  return BigInt(row!.realtime!) - shown(row!) + behind
}

/** System time when CLOCK_REALTIME was read, in the middle. */
function shown(row: Row): bigint {
  const page = {
    kind: 'page' as const,
    line: 0,
    version: 0,
    flags: 0,
    tsc_timestamp: BigInt(row.tsc_timestamp!),
    system_time: BigInt(row.system_time!),
    tsc_to_system_mul: Number(row.mul),
    tsc_shift: Number(row.shift),
  }
  return (shownNow(page, BigInt(row.tsc_g!)) + shownNow(page, BigInt(row.tsc_h!))) / 2n
}

function sampleLines(row: Row): string[] {
  const clock = (name: string, value: string, from: string, until: string) =>
    `clock ${name}=${row[value]} tsc=${row[`tsc_${from}`]}..${row[`tsc_${until}`]}`
  return [
    `page version=${row.version} tsc_timestamp=${row.tsc_timestamp} system_time=${row.system_time} tsc_to_system_mul=${row.mul} tsc_shift=${row.shift} flags=${row.flags}`,
    clock('monotonic_raw', 'mono_raw', 'a', 'b'),
    clock('monotonic', 'monotonic', 'c', 'd'),
    clock('boottime', 'boottime', 'e', 'f'),
    clock('realtime', 'realtime', 'g', 'h'),
  ]
}
