/**
 * `npm run linux:dec-lost [-- --kernel linux-6.1] [--json]`: what a real kernel does when its decrementer is lost, as policy
 * power-dec-lost loses it: the register reads the largest value of 56 bits. It is lost at sixteen moments; each time
 * nobody touches the guest for an hour, and then the Enter key is pressed. In the end all of the 2.23 years go by after which
 * DEC interrupts at last.
 */
import { parseArgs } from 'node:util'
import { guestFile, type ImageName, packagedFile } from './images.js'
import { HOUR, LongGuest } from './uptime.js'

const { values } = parseArgs({
  options: { kernel: { type: 'string', default: 'linux-6.1' }, json: { type: 'boolean', default: false } },
})
const SECOND = 1_000_000_000n
const MILLISECOND = 1_000_000n
const MOMENTS = 16
/** No multiple of what the kernel does regularly. */
const BETWEEN = 410n * MILLISECOND
const KEY = 100n * MILLISECOND
/** Long enough for the kernel to account for 2.23 years, one second after the other. */
const AFTER = 12n * SECOND
const HALF = 50
const YEAR = 365.25 * 86400

interface Moment {
  /** When DEC would have interrupted. */
  readonly dueMs: number
  readonly instructionsInTheHour: string
  /** Of the tenth of a second after the key, in which the kernel executed anything. */
  readonly busyPercent: number
  /** Whether it has set DEC again, and sleeps. */
  readonly back: boolean
  readonly said: readonly string[]
}

const guest = new LongGuest(
  guestFile(values.kernel as ImageName),
  packagedFile('busybox'),
  '',
  'sleepers=3000',
)
const { machine } = guest
guest.go(5n * SECOND)

const said = (text: string) => text.split(/\r?\n/).filter((line) => /^\[ *\d+\.\d+\]/.test(line))

function pressed(keys: string): { readonly busyPercent: number; readonly printed: string } {
  const before = machine.instructions
  machine.type(Buffer.from(keys))
  const printed = guest.go(KEY)
  return { busyPercent: Number(((machine.instructions - before) * 1000n) / KEY) / 10, printed }
}

function moment(): Moment {
  const dueMs = Number(guest.decNs) / 1e6
  const saved = machine.snapshot()
  guest.loseDec()
  const before = machine.instructions
  guest.go(HOUR)
  const instructionsInTheHour = `${machine.instructions - before}`
  const { busyPercent, printed } = pressed('\n')
  const back = guest.decNs < HOUR && busyPercent < HALF
  machine.restore(saved)
  return { dueMs, instructionsInTheHour, busyPercent, back, said: said(printed) }
}

/** Nobody presses a key. */
function allOfIt() {
  guest.loseDec()
  const wait = guest.decNs - MILLISECOND
  // Asleep all the time: one call, where run() would look for output ten times a second.
  machine.core.run(BigInt.asUintN(64, machine.cycles + wait))
  const before = machine.instructions
  const printed = guest.go(AFTER)
  const busySeconds = Number(machine.instructions - before) / 1e9
  const up = Number(/^(\d+\.\d+) \d+\.\d+\r$/m.exec(pressed('cat /proc/uptime\n').printed)?.[1])
  return {
    years: Number(wait) / 1e9 / YEAR,
    busySeconds,
    said: said(printed),
    up,
    trueUp: Number(machine.cycles) / 1e9,
  }
}

const moments: Moment[] = []
for (let i = 0; i < MOMENTS; i++) {
  guest.go(BETWEEN)
  moments.push(moment())
}
const long = allOfIt()

if (values.json) console.log(JSON.stringify({ kernel: values.kernel, moments, long }))
else {
  for (const { dueMs, instructionsInTheHour, busyPercent, back, said: lines } of moments) {
    const how = back ? 'sets DEC again' : 'never sets DEC again'
    console.log(
      `DEC due in ${dueMs.toFixed(3).padStart(8)} ms, lost: ${instructionsInTheHour} instructions in an hour; Enter: busy ${busyPercent} %, ${how}`,
    )
    if (lines.length > 0) console.log(`    ${lines.slice(0, 2).join('\n    ')}`)
  }
  console.log(
    `${long.years.toFixed(2)} years without a key: busy for ${long.busySeconds.toFixed(1)} s, then up ${long.up} s of ${long.trueUp.toFixed(2)} s`,
  )
  for (const line of long.said) console.log(`    ${line}`)
}
