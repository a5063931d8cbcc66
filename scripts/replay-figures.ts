/**
 * How the emulator stands against the recordings of real guests in test/data/recordings: how many events, guests and
 * samples, what was predicted bit for bit, and each clock's worst error beside what it may be off by.
 *
 *   npx tsx scripts/replay-figures.ts [--json]
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ReplayCheck, readRecording, replay } from '../src/replay/index.js'
import { CLOCKS } from '../src/replay/recording.js'
import { jsonText } from '../src/report/json.js'

const folder = fileURLToPath(new URL('../test/data/recordings/', import.meta.url))
const files = readdirSync(folder).filter((name) => name.endsWith('.rec.gz'))
const replayed = files.map((name) => ({ name, ...replay(readRecording(join(folder, name))) }))
const stays = replayed.flatMap(({ stays }) => stays)
const checks = (id: ReplayCheck['id']) =>
  stays.flatMap((stay) => stay.checks.filter((check) => check.id === id))
const sum = (id: ReplayCheck['id']) => ({
  seen: checks(id).reduce((all, { seen }) => all + seen, 0),
  predicted: checks(id).reduce((all, { predicted }) => all + predicted, 0),
})

/** Of all events the one with the least room. */
function worst(id: ReplayCheck['id']) {
  const across = replayed.flatMap(({ name, stays }) =>
    stays.flatMap((stay) =>
      stay.checks.filter((one) => one.id === id && one.offNs !== null).map((one) => ({ name, ...one })),
    ),
  )
  const used = ({ offNs, mayNs }: ReplayCheck) => Number(abs(offNs!)) / Number(mayNs)
  const { name, offNs, mayNs } = across.reduce((a, b) => (used(b) > used(a) ? b : a))
  return { recording: name, off_ns: `${offNs}`, may_ns: `${mayNs}` }
}

/** Recordings of one saved guest have the same samples before the event; each once. */
const samples = new Set(
  stays.flatMap(({ plan }) =>
    plan.items.flatMap(({ item }) =>
      item.kind === 'page' ? [`${item.version} ${item.system_time} ${item.tsc_timestamp}`] : [],
    ),
  ),
)
const abs = (value: bigint): bigint => (value < 0n ? -value : value)
const figures = {
  events: replayed.length,
  passed: replayed.filter(({ verdict }) => verdict === 'pass').length,
  guests: new Set(files.map((name) => name.slice(0, 2))).size,
  samples: samples.size,
  pages: sum('page'),
  tsc_readings: sum('tsc'),
  streams: sum('stream'),
  clocks: Object.fromEntries(CLOCKS.map((clock) => [clock, worst(clock)])),
}
if (process.argv.includes('--json')) process.stdout.write(jsonText(figures))
else console.dir(figures, { depth: null })
