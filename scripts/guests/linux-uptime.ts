/**
 * `npm run linux:uptime -- [--days 30 | --hours N] [--kernel linux-6.1] [--append WORDS] [--json]`: an idle Debian Linux for
 * as long, and at the end its clocks against true time, what its sleepers of an hour slept, and what it cost. Words for
 * the kernel are such as nohz=off, for a tick that never stops. A signal ends it after the hour at hand, and it
 * says what it has come to. Ends with 1 when a clock went wrong.
 */
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { guestFile, IMAGE_NAMES, type ImageName, packagedFile } from './images.js'
import { LongGuest, type Uptime } from './uptime.js'

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '30' },
    hours: { type: 'string' },
    kernel: { type: 'string', default: 'linux-6.1' },
    append: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})
const hours = Number(values.hours ?? 24 * Number(values.days))
if (!Number.isInteger(hours) || hours < 2) throw new Error('--days, --hours: expected 2 hours or more')
if (!(IMAGE_NAMES as string[]).includes(values.kernel))
  throw new Error(`--kernel ${values.kernel}; expected one of ${IMAGE_NAMES.join(', ')}`)

const DAY_HOURS = 24
/** The time between two readings of a clock, and the kernel's rounding. */
const NEAR_NS = 1_000n
/** The kernel gives sleeps 50 us of slack, and its six sleepers are due at once. */
const LATE_NS = 1_000_000n

const progress = (done: number) => {
  if (process.stderr.isTTY)
    process.stderr.write(`\r${(done / DAY_HOURS).toFixed(1)} of ${hours / DAY_HOURS} days`)
}

async function live(): Promise<{ readonly up: Uptime; readonly cpuSeconds: number }> {
  let ended = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => (ended = true))
  const guest = new LongGuest(guestFile(values.kernel as ImageName), packagedFile('busybox'), values.append)
  const cpu = process.cpuUsage()
  for (let done = 0; done < hours && !(ended && done >= 2); done++) {
    guest.hour()
    progress(done + 1)
    await setImmediate()
  }
  const { user, system } = process.cpuUsage(cpu)
  if (process.stderr.isTTY) process.stderr.write('\n')
  return { up: guest.result(), cpuSeconds: (user + system) / 1e6 }
}

const micro = (ns: string) => `${(Number(ns) / 1000).toFixed(1)} us`

function* text(up: Uptime, cpuSeconds: number): Generator<string> {
  const days = up.hours / DAY_HOURS
  const perDay = (value: number) => (value / days).toFixed(value / days < 100 ? 2 : 0)
  const span = days < 1 ? `${up.hours} idle hours` : `${days} idle days`
  yield `${values.kernel}${values.append && `, ${values.append}`}: ${span}`
  yield `  CPU time          ${cpuSeconds.toFixed(0)} s, ${perDay(cpuSeconds)} a day`
  yield `  instructions      ${(Number(up.instructions) / 1e9).toFixed(2)} G, ${perDay(Number(up.instructions) / 1e9)} G a day`
  yield `  timer interrupts  ${up.timerInterrupts}, ${perDay(up.timerInterrupts)} a day, ${(up.timerInterrupts / up.hours / 3600).toFixed(2)} a second`
  yield `  context switches  ${up.contextSwitches}`
  yield `  /proc/uptime      ${up.uptimeSeconds} s`
  yield '  clock, what it showed last, how much further it went than true time'
  for (const { clock, shownNs, gainedNs } of up.clocks)
    yield `    ${clock.padEnd(14)} ${shownNs.padStart(20)} ns  ${gainedNs} ns`
  yield `    TB ${up.timebaseGained} ticks; RTAS time of day ${up.platformSecondsOff} s (shown in whole seconds)`
  yield '  sleepers of an hour, how late: least, most'
  for (const { name, sleeps, leastLateNs, mostLateNs } of up.sleepers)
    yield `    ${name.padEnd(20)} ${String(sleeps).padStart(4)} times  ${micro(leastLateNs)}, ${micro(mostLateNs)}`
  yield `  the kernel said   ${up.said.length > 0 ? up.said.join('\n                    ') : 'nothing'}`
  yield `  state             ${up.hash}`
}

function right(up: Uptime): boolean {
  const off = up.clocks.map(({ gainedNs }) => BigInt(gainedNs))
  const late = up.sleepers.flatMap(({ leastLateNs, mostLateNs }) => [BigInt(leastLateNs), BigInt(mostLateNs)])
  return (
    off.every((ns) => ns < NEAR_NS && ns > -NEAR_NS) &&
    up.timebaseGained === '0' &&
    Math.abs(up.platformSecondsOff) <= 1 &&
    up.sleepers.length === 6 &&
    late.every((ns) => ns >= 0n && ns < LATE_NS)
  )
}

const { up, cpuSeconds } = await live()
if (values.json)
  console.log(
    JSON.stringify({ kernel: values.kernel, append: values.append, cpuSeconds, right: right(up), ...up }),
  )
else for (const line of text(up, cpuSeconds)) console.log(line)
process.exitCode = right(up) ? 0 : 1
