/**
 * `npm run bench:power [-- --rounds N] [--json] [--without-qemu]`: the programs of test/guests/power on this project's CPU
 * and, where Debian's qemu-system-ppc is installed, once on QEMU as it is and once with -icount shift=0. A figure
 * is the best of them, in CPU time, so that other programs on the machine take less from it: ours of a whole run with what
 * V8 compiles meanwhile, QEMU's between two lines of the guest.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bootMachine } from '../src/power/index.js'
import { image, MACHINE } from './power-random/qemu.js'

interface Row {
  readonly name: string
  readonly bits: 32 | 64
  /** Events that are counted in place of instructions. */
  readonly events?: number
  /** Instructions or events a second that are wanted, in millions; of an idle guest, simulated seconds a second. */
  readonly goal?: number
  /** It never ends: simulated seconds that it is given. */
  readonly idleSeconds?: number
}

const both = (name: string, rest: Omit<Row, 'name' | 'bits'>): Row[] =>
  ([64, 32] as const).map((bits) => ({ name: `b${bits}-${name}`, bits, ...rest }))

const ROWS: readonly Row[] = [
  ...['crc', 'sieve', 'sort', 'alu'].flatMap((name) => both(name, { goal: 300 })),
  ...both('xorsum', {}),
  ...both('mftb', { events: 20_000_000, goal: 100 }),
  ...both('mftb64', { events: 5_000_000, goal: 30 }),
  ...both('decrw', { events: 1_000_000, goal: 20 }),
  ...both('dec-imm', { events: 300_000, goal: 5 }),
  // Random loads through page tables, of 4 and of 64 MiB: a TLB has few of the pages.
  { name: 'b64-radix-4', bits: 64, goal: 60 },
  { name: 'b64-radix-64', bits: 64 },
  { name: 'b64-idle', bits: 64, idleSeconds: 10_000, goal: 20_000 },
]

const elf = (name: string) => new URL(`../test/guests/power/${name}.elf`, import.meta.url)

/** Seconds, and instructions. */
function ours({ name, idleSeconds }: Row): { readonly seconds: number; readonly instructions: bigint } {
  const machine = bootMachine(readFileSync(elf(name)), name, { ramBytes: 128 << 20 })
  const started = process.cpuUsage()
  const end = machine.run(BigInt(idleSeconds ?? 2000) * 1_000_000_000n)
  const { user, system } = process.cpuUsage(started)
  const seconds = (user + system) / 1e6
  if (idleSeconds) return { seconds, instructions: machine.instructions }
  if (!['off', 'halted'].includes(end) || !machine.takeConsole().includes(' END '))
    throw new Error(`${name}: ${end}`)
  return { seconds, instructions: machine.instructions }
}

/** Seconds of CPU that a process has used, by Linux; utime and stime are fields 14 and 15 of its stat. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Seconds between the guest's START and END lines. */
async function qemu({ name, bits }: Row, icount: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'power-bench-'))
  const [program, ...machine] = MACHINE[bits]
  const bios = join(folder, 'image')
  if (bits === 64) writeFileSync(bios, image(elf(name)))
  const child = spawn(program!, [
    ...machine,
    ...(bits === 64
      ? ['-nodefaults', '-bios', bios]
      : ['-monitor', 'none', '-device', `loader,file=${fileURLToPath(elf(name))},cpu-num=0`]),
    ...['-serial', 'stdio', '-display', 'none', '-accel', 'tcg', ...(icount ? ['-icount', 'shift=0'] : [])],
  ])
  let started = 0
  let text = ''
  const seconds = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.stdout.on('data', (data) => {
      text += data
      if (started === 0 && text.includes(' START ')) started = cpuSeconds(child.pid!)
      if (/ END .*\n/.test(text)) resolve(cpuSeconds(child.pid!) - started)
    })
  })
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
  return seconds
}

/** What a second is asked for: simulated seconds, or millions of events or instructions. */
const counted = ({ events, idleSeconds }: Row, instructions: bigint): number =>
  idleSeconds ?? (events ?? Number(instructions)) / 1e6

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'boolean' },
    'without-qemu': { type: 'boolean' },
  },
})
const installed = (program: string) => spawnSync(program, ['--version']).status === 0
const withQemu = !values['without-qemu'] && installed('qemu-system-ppc64') && installed('qemu-system-ppc')

const results = []
for (const row of ROWS.filter(({ name }) => !values.only || name.includes(values.only))) {
  const times = { ours: Infinity, plain: Infinity, icount: Infinity }
  let instructions = 0n
  // Short programs are over before V8 has compiled the loop well: they go on until a second has gone.
  for (let round = 0, spent = 0; round < Number(values.rounds) || spent < 1; round++) {
    const run = ours(row)
    spent += run.seconds
    instructions = run.instructions
    times.ours = Math.min(times.ours, run.seconds)
    if (!withQemu || row.idleSeconds || round > 0) continue
    times.plain = Math.min(times.plain, await qemu(row, false))
    times.icount = Math.min(times.icount, await qemu(row, true))
  }
  const rate = (seconds: number) =>
    Number.isFinite(seconds) ? Number((counted(row, instructions) / seconds).toPrecision(3)) : null
  const result = {
    id: row.name,
    unit: row.idleSeconds ? 'x real time' : row.events ? 'M events/s' : 'MIPS',
    ours: rate(times.ours)!,
    qemu: rate(times.plain),
    qemu_icount: rate(times.icount),
    goal: row.goal ?? null,
  }
  results.push(result)
  const cell = (value: number | null) => `${value ?? '-'}`.padStart(9)
  if (!values.json) {
    console.log(
      `${result.id.padEnd(12)}${cell(result.ours)}${cell(result.qemu)}${cell(result.qemu_icount)}${cell(result.goal)}  ${result.unit}`,
    )
  }
}
if (values.json)
  console.log(JSON.stringify({ load: loadavg()[0], rounds: Number(values.rounds), results }, null, 2))
else console.log(`columns: ours, QEMU, QEMU -icount shift=0, goal; load ${loadavg()[0]!.toFixed(1)}`)
