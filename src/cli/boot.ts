import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { replaceWith } from '../file/replace.js'
import {
  bootMachine,
  COST_CLASSES,
  type CostClass,
  MODELS,
  type ModelName,
  type PowerEnd,
  type PowerMachine,
  serveGdb,
} from '../power/index.js'
import { readSaved, savedParts } from '../power/saved.js'
import { isSaved } from '../power/saved-magic.js'
import { jsonText } from '../report/json.js'
import { readInitrd } from './initrd.js'
import { fileKeys, LIVE_CYCLES, liveKeys, pace } from './keys.js'
import { MIB, parseMemory } from './memory.js'
import { EXIT, InputError, note, print } from './output.js'

interface Options {
  machine?: ModelName
  memory: number
  maxInstructions?: bigint
  cpu: bigint
  tb?: bigint
  cost: Partial<Record<CostClass, number>>
  raw?: number
  entry?: bigint
  append?: string
  initrd?: string
  dtb?: string
  cpus: number
  date?: bigint
  seed: bigint
  input?: string
  prompt?: string
  reboots: number
  save?: string
  gdb?: number
  json?: true
}

/** Where nobody sits and watches. */
const LIMIT = 10_000_000_000n
const NEVER = 1n << 63n
const EVERY_CYCLES = 50_000_000n

const ENDS: Readonly<Record<PowerEnd, string>> = {
  off: 'powered off',
  reboot: 'asked for a reboot',
  halted: 'stopped in a branch to itself with interrupts off',
  time: 'still running',
  fault: 'fault',
  debug: 'stopped by a debugger',
}

function number(text: string): bigint {
  if (!/^(0x[0-9a-f]+|\d[\d_]*)$/i.test(text))
    throw new InvalidArgumentError('expected a number such as 1000000 or 0x100.')
  return BigInt(text.replaceAll('_', ''))
}

const UNITS: Readonly<Record<string, bigint>> = { '': 1n, k: 1_000n, m: 1_000_000n, g: 1_000_000_000n }

function frequency(text: string): bigint {
  const match = /^(\d+)\s*([kmg]?)hz$/i.exec(text)
  if (!match || BigInt(match[1]!) === 0n)
    throw new InvalidArgumentError('expected a frequency such as "1 GHz" or 512MHz.')
  return BigInt(match[1]!) * UNITS[match[2]!.toLowerCase()]!
}

function model(text: string): ModelName {
  if (!(text in MODELS)) throw new InvalidArgumentError(`expected one of ${Object.keys(MODELS).join(', ')}.`)
  return text as ModelName
}

function date(text: string): bigint {
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (text === 'now') return BigInt(Date.now()) * 1_000_000n
  if (Number.isNaN(at)) throw new InvalidArgumentError('expected 2026-01-31, 2026-01-31T12:00:00Z or now.')
  return BigInt(at) * 1_000_000n
}

function cpus(text: string): number {
  if (!/^[1-4]$/.test(text)) throw new InvalidArgumentError('expected 1 to 4.')
  return Number(text)
}

function port(text: string): number {
  const found = Number(text)
  if (/^\d+$/.test(text) && found < 65536) return found
  throw new InvalidArgumentError('expected a port from 0 to 65535.')
}

function cost(text: string, before: Options['cost'] = {}): Options['cost'] {
  const match = /^(\w+)=(\d+)$/.exec(text)
  const cycles = Number(match?.[2])
  if (!match || !(COST_CLASSES as readonly string[]).includes(match[1]!) || cycles < 1 || cycles > 255) {
    throw new InvalidArgumentError(`expected CLASS=CYCLES, 1 to 255, of ${COST_CLASSES.join(', ')}.`)
  }
  return { ...before, [match[1]!]: cycles }
}

export function addBoot(program: Command, end: (status: number) => void): void {
  program
    .command('boot')
    .summary('run Power machine code')
    .description(
      'Loads a Power program into a machine of its own and runs it. What it prints goes to stdout, how it ended to stderr.',
    )
    .argument(
      '<file>',
      'ELF32 or ELF64 for Power, what --save wrote, or with --raw an image without a header',
    )
    .option('--machine <name>', 'bare32 or pseries; default: by the width of the ELF file', model)
    .option('--memory <size>', 'of the guest', parseMemory, 64 * MIB)
    .option(
      '--max-instructions <n>',
      'cycles after which to stop; default: 10000000000, none on a terminal',
      number,
    )
    .addOption(
      new Option('--cpu <frequency>', 'cycles a second')
        .argParser(frequency)
        .default(1_000_000_000n, '1 GHz'),
    )
    .option('--tb <frequency>', 'of the timebase; default: 100 MHz on bare32, 512 MHz on pseries', frequency)
    .addOption(
      new Option('--cost <class=cycles>', 'cycles of a class of instructions, again and again')
        .argParser(cost)
        .default({}, '1'),
    )
    .option('--raw <address>', 'load the file as it is', (text) => Number(number(text)))
    .option(
      '--entry <address>',
      'where to start; default: the entry of the ELF file, or --raw’s address',
      number,
    )
    .option('--append <text>', 'the kernel’s command line')
    .option('--initrd <file>', 'initial RAM disk; one is made of an ELF file, as its init, or of a folder')
    .option('--dtb <file>', 'a device tree in place of the one of the machine')
    .option('--cpus <n>', 'vCPUs of a pseries machine', cpus, 1)
    .option('--date <date>', 'that the platform’s clock shows at the start; default: 2026-01-01', date)
    .addOption(
      new Option('--seed <n>', 'of the platform’s random numbers').argParser(number).default(0n, '0'),
    )
    .option(
      '--input <file>',
      'typed on the console, as far as the guest reads it; default: a terminal’s keys',
    )
    .option('--prompt <text>', 'type one line of --input each time the guest has printed this')
    .option('--save <file>', 'at its end write the machine, for boot or the lab’s page of a machine to go on')
    .option('--gdb <port>', 'wait for a debugger there, on this machine only; 0: a port that is free', port)
    .option(
      '--reboots <n>',
      'how often a guest that asks for it is booted again',
      (text) => Number(number(text)),
      0,
    )
    .option('--json', 'one JSON document on stdout, with what the guest printed in it')
    .addHelpText(
      'after',
      `
Examples:
  $ chronovisor boot test/guests/power/b64-sort.elf
  $ chronovisor boot test/guests/power/b64-clocks.elf --gdb 1234
  $ chronovisor boot vmlinux --memory 1GiB --initrd test/guests/linux/init.elf \\
      --append 'console=hvc0 panic=-1 every=100 for=1000'
  $ chronovisor boot vmlinux --memory 256MiB --initrd busybox.cpio \\
      --append console=hvc0

On a terminal, Ctrl-A x ends it.`,
    )
    .action(async (file: string, options: Options) => {
      end(await boot(file, options))
    })
}

async function boot(file: string, options: Options): Promise<number> {
  if (options.prompt === '' || (options.prompt !== undefined && options.input === undefined))
    throw new InputError('--prompt: expected the text after which lines of --input are typed, and --input')
  let machine = start(file, options)
  if (options.gdb !== undefined) return debugged(file, machine, options.gdb)
  const keys = options.input === undefined ? liveKeys() : fileKeys(options.input, options.prompt)
  const limit = options.maxInstructions ?? (keys.live ? NEVER : LIMIT)
  let text = ''
  let stop: PowerEnd
  let reboots = 0
  try {
    do {
      keys.feed(machine)
      const until = machine.cycles + (keys.live ? LIVE_CYCLES : EVERY_CYCLES)
      stop = machine.run(until < limit ? until : limit)
      const printed = machine.takeConsole()
      keys.hear(printed)
      if (options.json) text += printed
      else print(printed)
      if (keys.live) await pace(machine, machine.make.cpuHz)
      if (stop === 'reboot' && reboots < options.reboots) {
        reboots++
        machine = startAgain(machine, file, options)
        stop = 'time'
      }
    } while (stop === 'time' && machine.cycles < limit && !keys.quit)
  } finally {
    keys.close()
  }
  if (options.save !== undefined) replaceWith(options.save, savedParts(machine))
  if (options.json) print(jsonText(endJson(file, machine, stop, text, options)))
  else process.stderr.write(`chronovisor: ${endText(machine, stop)}\n`)
  return stop === 'fault' ? EXIT.failed : EXIT.held
}

/** The guest asked for it: a new machine with the old one's NVRAM and time of day; its cycles count from 0. */
function startAgain(machine: PowerMachine, file: string, options: Options): PowerMachine {
  const next = start(file, { ...options, date: machine.dayNs })
  next.nvram.set(machine.nvram)
  return next
}

/** Nothing runs but what the debugger asks for; the guest gets no keys, so that its past can be run again. */
async function debugged(file: string, machine: PowerMachine, port: number): Promise<number> {
  const onListening = (found: number) => note(`${file} waits for gdb: target remote 127.0.0.1:${found}\n`)
  await serveGdb(machine, { port, little: isLittle(readFileSync(file)), print, onListening })
  note(`${endText(machine, 'debug')}\n`)
  return EXIT.held
}

/** By byte EI_DATA of an ELF file; other files are big-endian. */
const isLittle = (bytes: Uint8Array): boolean => bytes[5] === 1

function start(file: string, options: Options): PowerMachine {
  const { machine: name, memory: ramBytes, cpu: cpuHz, tb, cost: costs, raw, entry } = options
  if (raw !== undefined && name === undefined)
    throw new InputError('--raw needs --machine: an image does not say what it is for')
  const bytes = readFileSync(file)
  if (isSaved(bytes)) return savedMachine(bytes, file, options)
  return bootMachine(bytes, file, {
    ...(name && { model: name }),
    ramBytes,
    cpuHz,
    ...(tb !== undefined && { tbHz: tb }),
    costs,
    cpus: options.cpus,
    seed: options.seed,
    ...(options.date !== undefined && { dayNs: options.date }),
    ...(options.append !== undefined && { append: options.append }),
    ...(options.initrd !== undefined && { initrd: readInitrd(options.initrd) }),
    ...(options.dtb !== undefined && { dtb: named(options.dtb) }),
    ...(raw !== undefined && { rawAt: raw }),
    ...(entry !== undefined && { entry }),
  })
}

/** It has what it had: no option can change it. */
function savedMachine(bytes: Uint8Array, file: string, options: Options): PowerMachine {
  const told = (['machine', 'raw', 'entry', 'append', 'initrd', 'dtb', 'tb', 'date'] as const).find(
    (name) => options[name] !== undefined,
  )
  if (told) throw new InputError(`--${told}: ${file} is a saved machine; expected none of what makes one`)
  return readSaved(bytes, file)
}

const named = (name: string) => ({ name, bytes: readFileSync(name) })

function endText(machine: PowerMachine, stop: PowerEnd): string {
  const how = machine.fault ?? ENDS[stop]
  return `${how} at 0x${machine.pc.toString(16)} after ${machine.cycles} cycles, TB ${machine.timebase}`
}

function endJson(file: string, machine: PowerMachine, stop: PowerEnd, console: string, options: Options) {
  const uniform = Object.keys(options.cost).length === 0
  return {
    file,
    machine: machine.model.title,
    stop,
    fault: machine.fault,
    pc: `0x${machine.pc.toString(16)}`,
    cycles: `${machine.cycles}`,
    instructions: uniform ? `${machine.instructions}` : null,
    timebase: `${machine.timebase}`,
    state_hash: machine.hash,
    console,
  }
}
