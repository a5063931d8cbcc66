/** Sections of a guest that runs machine code: what its machine is, when it ran, what it told and what it printed. */
import { clockIds } from '../observation/log.js'
import {
  MAX_CPUS,
  MODELS,
  type ModelName,
  PowerMachine,
  type PowerMake,
  STATE_LAYOUT,
} from '../power/machine.js'
import type { ReadClock, SleepClock } from '../scenario/types.js'
import type { SavedCode, Stretch, ToldSoFar } from '../world/index.js'
import { type ByteReader, ByteWriter } from './bytes.js'
import { type Content, MAX_STOPS, type Sections } from './format.js'
import { MAX_POWER_MEMORY } from './memory.js'
import type { Frame } from './read.js'

const PAGE = 4096
/** Hosts count no faster, and no CPU has more cycles: 16 GHz. */
const MAX_HZ = 1n << 34n
const MAX_NAMES = 100_000
const CLOCKS = Object.keys(clockIds) as ReadClock[]
/** By number, never to be reordered. */
const SLEEP_CLOCKS: readonly SleepClock[] = ['monotonic', 'realtime', 'boottime']

// ---- writing

/** Without the text, which may have gone before. */
export function codeSections(code: SavedCode): Sections {
  return [
    ['CODE', codeContent(code)],
    ['TOLD', toldContent(code.told)],
  ]
}

export const textSection = ({ told }: SavedCode): Sections[number] => ['TEXT', [textBytes(told.text)]]

/** What a guest printed is one byte a character. */
export const textBytes = (text: string): Buffer => Buffer.from(text, 'latin1')

function codeContent({ make, stretches }: SavedCode): Content {
  const content = makeContent(new ByteWriter().u32(STATE_LAYOUT), make).u32(stretches.length)
  for (const { fromNs, untilNs, standing, tbOffset } of stretches) {
    content.u64(fromNs).u64(untilNs)
    content.i256(standing.at).i256(standing.rate).i256(standing.den).u64(tbOffset)
  }
  return content.parts
}

/** What a machine is. */
export function makeContent(content: ByteWriter, make: PowerMake): ByteWriter {
  const { model, ramBytes, cpuHz, tbHz, decBits, cpus } = make
  return content.text(model).u64(BigInt(ramBytes)).u64(cpuHz).u64(tbHz).u32(decBits).u32(cpus)
}

function toldContent({ readers, sleepers, asleep, text, rest }: ToldSoFar): Content {
  const content = new ByteWriter().u64(BigInt(text.length)).u32(readers.length)
  for (const { name, clock, vcpu } of readers) content.text(name).u8(CLOCKS.indexOf(clock)).u32(vcpu)
  content.u32(sleepers.length)
  for (const { name, clock, forNs } of sleepers) content.text(name).u8(SLEEP_CLOCKS.indexOf(clock)).u64(forNs)
  content.u32(asleep.length)
  for (const [sleeper, sinceNs] of asleep) content.u32(sleeper).u64(sinceNs)
  return content.blob(textBytes(rest)).parts
}

// ---- reading

/** `text` has what the guest printed, wherever it came from. */
export function readCode(frame: Frame, text: ByteReader): SavedCode {
  const from = frame.one('CODE')
  const layout = from.u32('the layout')
  if (layout !== STATE_LAYOUT) from.refuse(`the layout is ${layout}; expected ${STATE_LAYOUT}`, 4)
  const make = readMake(from)
  const stretches = readStretches(from)
  from.end()
  return { make, fresh: () => new PowerMachine(make), told: readTold(frame.one('TOLD'), text), stretches }
}

/** A machine as `makeContent` writes it; nothing is made of it yet. */
export function readMake(from: ByteReader): PowerMake {
  const model = from.text('the model')
  if (!Object.hasOwn(MODELS, model))
    from.refuse(`the model is ${JSON.stringify(model)}; expected one of ${Object.keys(MODELS).join(', ')}`)
  const ram = from.u64('the memory')
  if (ram === 0n || ram > BigInt(MAX_POWER_MEMORY) || ram % BigInt(PAGE) !== 0n)
    from.refuse(`the memory has ${ram} bytes; expected whole pages, at most ${MAX_POWER_MEMORY} bytes`, 8)
  const hz = (what: string): bigint => {
    const value = from.u64(what)
    if (value === 0n || value > MAX_HZ) from.refuse(`${what} is ${value}; expected 1 to ${MAX_HZ} Hz`, 8)
    return value
  }
  const [cpuHz, tbHz] = [hz('the frequency of the CPU'), hz('the frequency of the timebase')]
  const decBits = from.u32('the width of the decrementer')
  if (decBits < 32 || decBits > 64) from.refuse(`the decrementer has ${decBits} bits; expected 32 to 64`, 4)
  const cpus = from.u32('the number of vCPUs')
  const most = MODELS[model as ModelName].server ? MAX_CPUS : 1
  if (cpus === 0 || cpus > most) from.refuse(`the number of vCPUs is ${cpus}; expected 1 to ${most}`, 4)
  return { model: model as ModelName, ramBytes: Number(ram), cpuHz, tbHz, decBits, cpus }
}

function readStretches(from: ByteReader): Stretch[] {
  const stretches: Stretch[] = []
  for (let left = from.count('stretches', 120, MAX_STOPS); left > 0; left--) {
    const [fromNs, untilNs] = [from.u64('the begin of a stretch'), from.u64('the end of a stretch')]
    const standing = {
      at: from.i256('where TB stands'),
      rate: from.i256('the rate of TB'),
      den: from.i256('the denominator of TB'),
    }
    if (standing.at < 0n || standing.rate < 0n || standing.den <= 0n)
      from.refuse(`TB is ${standing.at} + ns * ${standing.rate}, over ${standing.den}; expected no minus`, 96)
    stretches.push({ fromNs, untilNs, standing, tbOffset: from.u64('the offset of TB') })
  }
  return stretches
}

function readTold(from: ByteReader, text: ByteReader): ToldSoFar {
  const printed = from.u64('the characters printed')
  if (printed !== BigInt(text.left))
    from.refuse(`${printed} characters were printed; expected the ${text.left} that there are`, 8)
  const clockOf = <T>(what: string, clocks: readonly T[]): T => {
    const index = from.u8(what)
    return clocks[index] ?? from.refuse(`${what} is ${index}; expected 0 to ${clocks.length - 1}`, 1)
  }
  const some = <T>(what: string, size: number, one: () => T): T[] =>
    Array.from({ length: from.count(what, size, MAX_NAMES) }, one)
  const readers = some('readers', 9, () => ({
    name: from.text('the name of a reader'),
    clock: clockOf('the clock of a reader', CLOCKS),
    vcpu: from.u32('the vCPU of a reader'),
  }))
  const sleepers = some('sleepers', 13, () => ({
    name: from.text('the name of a sleeper'),
    clock: clockOf('the clock of a sleeper', SLEEP_CLOCKS),
    forNs: from.u64('the duration of a sleep'),
  }))
  const asleep = some('those asleep', 12, (): [number, bigint] => {
    const sleeper = from.u32('a sleeper')
    if (sleeper >= sleepers.length)
      from.refuse(`sleeper ${sleeper} is asleep; expected less than ${sleepers.length}`, 4)
    return [sleeper, from.u64('the begin of a sleep')]
  })
  const rest = Buffer.from(from.blob('the last line')).toString('latin1')
  from.end()
  return { readers, sleepers, asleep, text: readText(text), rest }
}

function readText(from: ByteReader): string {
  return Buffer.from(from.bytes(from.left, 'the text')).toString('latin1')
}
