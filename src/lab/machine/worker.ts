/**
 * The Worker of the machine's page: it fetches build/power.wasm and runs one machine in slices, between which it hears
 * what the page asks. What a slice is never changes what the guest sees.
 */
import powerUrl from '../../../build/power.wasm?url'
import { describeDrawing } from '../../draw/describe.js'
import { drawingSvg } from '../../draw/svg.js'
import { bootMachine } from '../../power/boot.js'
import type { PowerMachine } from '../../power/machine.js'
import { readSaved, savedParts } from '../../power/saved.js'
import { fetchModule } from '../worker/fetch.js'
import { Clocks } from './clocks.js'
import type { Ask, Picture, Setup, Told, Typed, Way } from './protocol.js'
import { Runner } from './runner.js'
import { nowMs } from './stopwatch.js'
import { viewOf } from './view.js'

interface Scope {
  onmessage: ((event: MessageEvent<Ask>) => void) | null
  postMessage(told: Told): void
}
const scope = globalThis as unknown as Scope

/** A slice takes about this long, so that a key or a stop is heard at once. */
const SLICE_MS = 25
const FIRST_SLICE = 500_000n
const LAST_SLICE = 50_000_000n
/** The page is told this often. */
const TELL_MS = 80

const ready = fetchModule('power', powerUrl)

interface Session {
  readonly number: number
  readonly title: string
  /** The machine as it is switched on, as often as wanted. */
  readonly start: () => PowerMachine
  runner: Runner
  clocks: Clocks
}

let session: Session | null = null
/** Until which cycle it runs, null: until it is stopped; undefined: it does not run. */
let until: bigint | null | undefined
/** Of the run at hand: since when, with what the guest's clock showed then. */
let paced: { readonly sinceMs: number; readonly cycles: bigint } | null = null
let slice = FIRST_SLICE
let toldMs = 0
let toldText = 0
/** Work since the last figure: instructions, and how long they took. */
let work = { instructions: 0n, ms: 0 }
let mips: number | null = null
let looping = false

function machineOf({ program, initrd, append, ramBytes, cpus }: Setup): PowerMachine {
  return bootMachine(program.bytes, program.name, {
    ramBytes,
    cpus,
    ...(append !== '' && { append }),
    ...(initrd && { initrd }),
  })
}

function begin(number: number, title: string, start: () => PowerMachine, planned: readonly Typed[]): void {
  until = undefined
  // The old machine's memory is free before the new one takes its own.
  session = null
  session = { number, title, start, runner: new Runner(start(), planned), clocks: new Clocks() }
  forget()
}

/** Of what was told and measured: another machine, or another time of it. */
function forget(): void {
  toldText = 0
  work = { instructions: 0n, ms: 0 }
  mips = null
  slice = FIRST_SLICE
}

function current(): Session {
  if (!session) throw new Error('there is no machine yet')
  return session
}

function tell(): void {
  const { number, title, runner } = current()
  toldMs = nowMs()
  const running = until !== undefined
  const view = viewOf(runner, { session: number, title, running, from: toldText, mips })
  toldText = runner.text.length
  scope.postMessage({ kind: 'view', view })
}

function oneSlice(runner: Runner): void {
  const { machine } = runner
  const { cycles, instructions } = machine
  const started = nowMs()
  const to = cycles + slice
  runner.step(typeof until === 'bigint' && until < to ? until : to)
  const ms = nowMs() - started
  const executed = machine.instructions - instructions
  // A slice that the guest slept through says nothing of speed.
  if (2n * executed > machine.cycles - cycles)
    work = { instructions: work.instructions + executed, ms: work.ms + ms }
  if (work.ms > 400) {
    mips = Number(work.instructions) / work.ms / 1000
    work = { instructions: 0n, ms: 0 }
  }
  if (ms < SLICE_MS / 2 && slice < LAST_SLICE) slice *= 2n
  if (ms > SLICE_MS * 2 && slice > FIRST_SLICE) slice /= 2n
}

/** How long the guest is ahead of real time, ms. */
function aheadMs({ cycles, described }: PowerMachine): number {
  if (!paced) return 0
  const guestMs = Number(((cycles - paced.cycles) * 1000n) / described.cpuHz)
  return guestMs - (nowMs() - paced.sinceMs)
}

const channel = new MessageChannel()

/** Lets messages come in. A timer of 0 ms would be one of 4 ms. */
function breath(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms > 1) {
      setTimeout(resolve, ms)
      return
    }
    channel.port1.onmessage = () => resolve()
    channel.port2.postMessage(null)
  })
}

async function loop(): Promise<void> {
  if (looping) return
  looping = true
  try {
    while (until !== undefined && session) {
      const { runner } = session
      oneSlice(runner)
      if (runner.end !== null || (until !== null && runner.machine.cycles >= until)) until = undefined
      if (until === undefined || nowMs() - toldMs > TELL_MS) tell()
      if (until !== undefined) await breath(Math.min(aheadMs(runner.machine), 100))
    }
  } finally {
    looping = false
  }
}

function run({ until: to, paced: isPaced }: Way): void {
  const { machine, end } = current().runner
  if (end === null && (to === null || to > machine.cycles)) {
    until = to
    paced = isPaced ? { sinceMs: nowMs(), cycles: machine.cycles } : null
    void loop().catch(problem)
  }
}

const answers: { readonly [K in Ask['kind']]: (ask: Extract<Ask, { kind: K }>) => void } = {
  boot: ({ session: number, setup, way }) => {
    const planned = setup.input === '' ? [] : [{ at: 0n, bytes: utf8(setup.input) }]
    begin(number, setup.program.name, () => machineOf(setup), planned)
    run(way)
  },
  open: ({ session: number, file: { name, bytes } }) => begin(number, name, () => readSaved(bytes, name), []),
  again: ({ session: number, way }) => {
    const { title, start, runner } = current()
    begin(number, title, start, runner.keys)
    run(way)
  },
  run: ({ way }) => run(way),
  stop: () => {
    until = undefined
  },
  type: ({ text }) => current().runner.type(utf8(text)),
  keep: () => {
    current().runner.keep()
  },
  back: ({ kept }) => {
    const at = current()
    at.runner.back(kept)
    at.clocks = new Clocks()
    until = undefined
    forget()
  },
  save: () => {
    const parts = savedParts(current().runner.machine) as Uint8Array<ArrayBuffer>[]
    scope.postMessage({ kind: 'file', blob: new Blob(parts) })
  },
  draw: ({ width }) => scope.postMessage({ kind: 'picture', picture: session && pictureOf(session, width) }),
}

function pictureOf({ title, runner, clocks }: Session, width: number): Picture | null {
  const drawing = clocks.drawing(title, runner.text, runner.machine)
  return drawing && { svg: drawingSvg(drawing, { width, styled: false }), words: describeDrawing(drawing) }
}

const encoder = new TextEncoder()
const utf8 = (text: string): Uint8Array => encoder.encode(text)

function problem(error: unknown): void {
  until = undefined
  scope.postMessage({ kind: 'problem', message: error instanceof Error ? error.message : String(error) })
}

scope.onmessage = async ({ data: ask }) => {
  try {
    await ready
    ;(answers[ask.kind] as (ask: Ask) => void)(ask)
    if (session && ask.kind !== 'save' && ask.kind !== 'draw') tell()
  } catch (error) {
    problem(error)
    if (session) tell()
  }
}
