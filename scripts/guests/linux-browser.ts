/**
 * `npm run linux:browser -- [--kernel linux-6.1] [--json]`: boots Debian's kernel in Node and on the machine's page in
 * Chromium, to its first process and beyond, and compares console and state at several instants; then goes back in the
 * page and on again, and has the page go on from a machine that Node saved on the way. Exit status 1: something differs.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bootMachine, type PowerMachine } from '../../src/power/index.js'
import { savedParts } from '../../src/power/saved.js'
import { chromiumPath, missing, startLab } from '../../test/lab/chromium.js'
import { bootKernel, consoleOf, openSaved, runTo, type Standing } from '../../test/lab/machine-page.js'
import { guestFile, IMAGE_NAMES, type ImageName } from './images.js'
import { cpuSecondsBelow } from './processes.js'

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: 'linux-6.1' },
    json: { type: 'boolean', default: false },
  },
})
if (!(IMAGE_NAMES as string[]).includes(values.kernel))
  throw new Error(`--kernel ${values.kernel}; expected ${IMAGE_NAMES.join(', ')}`)
if (chromiumPath === null) throw new Error(missing)

const GIB = 2 ** 30
const APPEND = 'console=hvc0 panic=-1 every=50 count=20 sleepers=7 then=stay'
/** The kernel alone, its first process, which begins at about 980 million, and what that does then. */
const STOPS = [100, 400, 700, 900, 1000, 1100, 1300, 2000].map((millions) => BigInt(millions) * 1_000_000n)
/** Where Node saves, and the page keeps. */
const SAVED_AT = 900_000_000n
/** How long a page may take from stop to stop, ms. */
const PATIENCE = 300_000

interface Stop extends Standing {
  /** What was printed up to there. */
  readonly console: string
}

interface Way {
  readonly stops: readonly Stop[]
  readonly seconds: number
  readonly cpuSeconds: number
}

const initrd = readFileSync(new URL('../../test/guests/linux/init.elf', import.meta.url))
const path = guestFile(values.kernel as ImageName)
const folder = mkdtempSync(join(tmpdir(), 'linux-'))
const saved = join(folder, 'node.chvp')

function inNode(): Way {
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const machine = bootMachine(readFileSync(path), path, {
    ramBytes: GIB,
    append: APPEND,
    initrd: { name: 'init.elf', bytes: initrd },
  })
  let console = ''
  const stops = STOPS.map((stop) => {
    machine.run(stop)
    console += machine.takeConsole()
    if (stop === SAVED_AT) save(machine)
    return { cycles: machine.cycles, hash: machine.hash, console }
  })
  const { user, system } = process.cpuUsage(cpu)
  return { stops, seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 }
}

function save(machine: PowerMachine): void {
  writeFileSync(saved, Buffer.concat(savedParts(machine)))
}

const lab = await startLab()

/** The page, from its boot or from a file, through every stop behind `from`. */
async function inChromium(from: bigint, begin: Parameters<typeof bootKernel>[1] | string) {
  const page = await lab.machine('b32-tick@1000')
  const [started, cpu] = [performance.now(), cpuSecondsBelow(process.pid)]
  if (typeof begin === 'string') await openSaved(page, begin, PATIENCE)
  else await bootKernel(page, begin)
  const stops: Stop[] = []
  for (const stop of STOPS.filter((one) => one > from)) {
    const standing = await runTo(page, stop, PATIENCE)
    stops.push({ ...standing, console: (await consoleOf(page)).toString('latin1') })
    if (stop === SAVED_AT) await page.click('#keep')
  }
  const way: Way = {
    stops,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: cpuSecondsBelow(process.pid) - cpu,
  }
  return { page, way }
}

/** Back to what was kept, and on to the last stop. */
async function againFromKept(page: Awaited<ReturnType<typeof inChromium>>['page']): Promise<Stop> {
  await page.click('[data-back="0"]')
  await page.waitForSelector(`[data-fact=Cycles]:text-is("${SAVED_AT.toLocaleString('en-US')}")`)
  const standing = await runTo(page, STOPS.at(-1)!, PATIENCE)
  return { ...standing, console: (await consoleOf(page)).toString('latin1') }
}

const same = (one: Stop, other: Stop): boolean =>
  one.cycles === other.cycles && one.hash === other.hash && one.console === other.console

try {
  const node = inNode()
  const booted = await inChromium(0n, { kernel: path, append: APPEND, memoryMib: 1024 })
  const again = await againFromKept(booted.page)
  await booted.page.context().close()
  const opened = await inChromium(SAVED_AT, saved)
  const before = node.stops.find(({ cycles }) => cycles === SAVED_AT)!.console.length
  const rest = (stop: Stop): Stop => ({ ...stop, console: stop.console.slice(before) })
  const last = node.stops.at(-1)!
  const { length } = booted.way.stops
  const rows = node.stops.map((stop, i) => ({
    cycles: `${stop.cycles}`,
    state_hash: stop.hash,
    console_bytes: stop.console.length,
    same: same(stop, booted.way.stops[i]!),
  }))
  const result = {
    kernel: path,
    load: loadavg()[0],
    stops: rows,
    back_and_on: same(again, last),
    saved_in_node: opened.way.stops.every((stop, i) =>
      same(stop, rest(node.stops[length - opened.way.stops.length + i]!)),
    ),
    node: { seconds: node.seconds, cpu_seconds: node.cpuSeconds },
    chromium: { seconds: booted.way.seconds, cpu_seconds: booted.way.cpuSeconds },
    first_process: last.console.includes('\n@userspace'),
  }
  report(result)
  if (!rows.every((row) => row.same) || !result.back_and_on || !result.saved_in_node) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
  await lab.close()
}

function report(result: {
  stops: readonly { cycles: string; state_hash: string; console_bytes: number; same: boolean }[]
  back_and_on: boolean
  saved_in_node: boolean
  node: { seconds: number; cpu_seconds: number }
  chromium: { seconds: number; cpu_seconds: number }
  load: number | undefined
}): void {
  if (values.json) {
    console.log(JSON.stringify(result))
    return
  }
  const word = (is: boolean) => (is ? 'same' : 'DIFFERS')
  console.log(`${values.kernel} in Node and in Chromium, load ${result.load}`)
  for (const { cycles, state_hash, console_bytes, same: is } of result.stops)
    console.log(`  cycle ${cycles.padStart(10)}  ${state_hash}  ${console_bytes} bytes printed  ${word(is)}`)
  console.log(`  back to cycle ${SAVED_AT} in the page, and on: ${word(result.back_and_on)}`)
  console.log(`  saved at cycle ${SAVED_AT} in Node, on in the page: ${word(result.saved_in_node)}`)
  for (const [name, { seconds, cpu_seconds }] of [
    ['Node', result.node],
    ['Chromium', result.chromium],
  ] as const)
    console.log(`  ${name.padEnd(8)} ${seconds.toFixed(1)} s, ${cpu_seconds.toFixed(1)} s of CPU`)
}
