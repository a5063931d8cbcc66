/**
 * A machine as bytes, for a file: all that it is, so that any process or page goes on with it as if never touched.
 *
 *   "CHVPOWER" | version u32 | length u32 | that many bytes of JSON | runs of pages that are not all zero
 *   a run: number of its first page u32 | pages u32 | their bytes; no pages: the end
 *
 * Words are little-endian. Pages are of 4 KiB and counted through the state and then the guest's memory. The state is
 * as the module keeps it, so a file is for versions of this package with the same layout; its hash says whether it is whole.
 */
import { fill, PAGE, type Run, sparse } from '../core/sparse.js'
import { joined } from './bytes.js'
import { MODELS, type ModelName, PowerMachine, STATE_LAYOUT } from './machine.js'
import { isSaved, MAGIC } from './saved-magic.js'

/** The file cannot be gone on from: which, where in it, and what was expected. */
export class SavedError extends Error {
  override readonly name = 'SavedError'
}

interface Header {
  readonly layout: number
  readonly model: ModelName
  readonly ram_bytes: number
  readonly cpu_hz: string
  readonly tb_hz: string
  readonly dec_bits: number
  readonly cpus: number
  readonly state_bytes: number
  readonly hash: string
}

const VERSION = 1
const HEAD = 16
const MOST_HEADER = 4096
const RUN = 8
const MOST_RAM = 2 ** 31

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

/** In parts, of which those of the guest's memory are views: to be copied or written before the machine runs on. */
export function savedParts(machine: PowerMachine): Uint8Array[] {
  const { state, ram, hash } = machine
  const { model, ramBytes, cpuHz, tbHz, decBits, cpus } = machine.make
  const header: Header = {
    layout: STATE_LAYOUT,
    model,
    ram_bytes: ramBytes,
    cpu_hz: `${cpuHz}`,
    tb_hz: `${tbHz}`,
    dec_bits: decBits,
    cpus,
    state_bytes: state.length,
    hash,
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const runs = (memory: Uint8Array, firstPage: number) =>
    sparse(memory).runs.flatMap(({ at, bytes }) => [words(firstPage + at / PAGE, bytes.length / PAGE), bytes])
  return [
    Uint8Array.from(MAGIC),
    words(VERSION, json.length),
    json,
    ...runs(state, 0),
    ...runs(ram, state.length / PAGE),
    words(0, 0),
  ]
}

export const savedBytes = (machine: PowerMachine): Uint8Array => joined(savedParts(machine))

/** A machine that stands where the saved one stood; `name` is for messages. Throws SavedError. */
export function readSaved(bytes: Uint8Array, name: string): PowerMachine {
  const fail: Fail = (offset, text) => {
    throw new SavedError(`${name}: offset ${offset}: ${text}`)
  }
  if (!isSaved(bytes)) return fail(0, 'not a saved machine (it does not begin with CHVPOWER)')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u32 = (at: number): number =>
    at + 4 <= bytes.length ? view.getUint32(at, true) : fail(bytes.length, 'the file ends inside a number')
  if (u32(8) !== VERSION) return fail(8, `version ${u32(8)}; expected ${VERSION}`)
  const length = u32(12)
  if (length > MOST_HEADER || HEAD + length > bytes.length)
    return fail(12, `a header of ${length} bytes; expected at most ${MOST_HEADER}, and all of it`)
  const header = headerOf(new TextDecoder().decode(bytes.subarray(HEAD, HEAD + length)), fail)
  const machine = machineOf(header, fail)
  const stateBytes = machine.state.length
  if (header.state_bytes !== stateBytes)
    return fail(HEAD, `a state of ${header.state_bytes} bytes, and this version has ${stateBytes}`)
  const pages = (stateBytes + header.ram_bytes) / PAGE
  const [inState, inRam]: [Run[], Run[]] = [[], []]
  let at = HEAD + length
  let next = 0
  for (;;) {
    const [first, count] = [u32(at), u32(at + 4)]
    if (count === 0) break
    const end = first + count
    if (first < next || end > pages || (first < stateBytes / PAGE && end > stateBytes / PAGE))
      return fail(at, `pages ${first} to ${end - 1}; expected pages behind ${next - 1} and before ${pages}`)
    const from = at + RUN
    at = from + count * PAGE
    if (at > bytes.length) return fail(bytes.length, `the file ends inside ${count} pages`)
    const run = bytes.subarray(from, at)
    if (first < stateBytes / PAGE) inState.push({ at: first * PAGE, bytes: run })
    else inRam.push({ at: first * PAGE - stateBytes, bytes: run })
    next = end
  }
  const state = new Uint8Array(stateBytes)
  fill(state, { size: stateBytes, runs: inState })
  try {
    machine.become(state, { size: header.ram_bytes, runs: inRam })
  } catch (error) {
    return fail(HEAD, (error as Error).message)
  }
  if (machine.hash !== header.hash)
    return fail(HEAD, `its state has the hash ${machine.hash}; expected ${header.hash}`)
  return machine
}

/** Where in the file, and what is wrong there. */
type Fail = (offset: number, text: string) => never

function headerOf(text: string, fail: Fail): Header {
  let header: Partial<Header> | null = null
  try {
    header = JSON.parse(text)
  } catch {
    fail(HEAD, 'the header is not JSON')
  }
  const isHz = (hz: unknown) => typeof hz === 'string' && /^[1-9]\d{0,10}$/.test(hz)
  const isCount = (count: unknown) => Number.isInteger(count)
  const want = (name: keyof Header, holds: boolean, expected: string) => {
    if (!holds) fail(HEAD, `${name} ${JSON.stringify(header?.[name])}; expected ${expected}`)
  }
  want('layout', header?.layout === STATE_LAYOUT, `${STATE_LAYOUT}, this version's layout of a state`)
  const { model, ram_bytes: ram, cpu_hz, tb_hz, dec_bits, cpus, state_bytes, hash } = header ?? {}
  const names = Object.keys(MODELS)
  want('model', typeof model === 'string' && names.includes(model), names.join(' or '))
  want('ram_bytes', isCount(ram) && ram! > 0 && ram! % PAGE === 0 && ram! <= MOST_RAM, 'pages up to 2 GiB')
  want('cpu_hz', isHz(cpu_hz), 'a number of Hz, as text')
  want('tb_hz', isHz(tb_hz), 'a number of Hz, as text')
  want('dec_bits', isCount(dec_bits) && dec_bits! > 0 && dec_bits! <= 64, 'bits up to 64')
  want('cpus', isCount(cpus), 'a number of vCPUs')
  want('state_bytes', isCount(state_bytes), 'a number of bytes')
  want('hash', typeof hash === 'string', 'a hash')
  return header as Header
}

function machineOf({ model, ram_bytes: ramBytes, cpu_hz, tb_hz, dec_bits, cpus }: Header, fail: Fail) {
  try {
    return new PowerMachine({
      model,
      ramBytes,
      cpuHz: BigInt(cpu_hz),
      tbHz: BigInt(tb_hz),
      decBits: dec_bits,
      cpus,
    })
  } catch (error) {
    return fail(HEAD, (error as Error).message)
  }
}
