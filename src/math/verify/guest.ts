/**
 * Recordings of a Linux 2.6.18-xen guest, replayed through the kernel model: before each operation the hypervisor's
 * part is laid into the guest's memory as the row has it, then the kernel runs, then all of its clocks are compared.
 * The core reads the text, runs the rows and compares them (assembly/model/lab-recording.ts); here is what happens between
 * its calls. test/data/README.md describes operations and columns.
 */
import { MathCore, type MathExports } from '../core.js'
import { MathError, NS_PER_S, signed } from '../limits.js'
import { badRow, FIRST_ROWS, type Header, type Mismatch, type Verifier } from './result.js'
import { ALWAYS, CHECK_BYTES, FIELD_BYTES, lineAt, OUT_BYTES, RANGES, REASONS, SLACK } from './rows.js'

const INPUTS = [
  'pv_version',
  'pv_tsc_timestamp',
  'pv_system_time',
  'pv_mul',
  'pv_shift',
  'wc_version',
  'wc_sec',
  'wc_nsec',
]
const RUNSTATE = ['rs_runnable', 'rs_blocked', 'rs_offline', 'rs_entry']
/** In the order of lab26_state's words. */
const STATE = [
  'jiffies_rel',
  'processed_system_time',
  'cpu0_processed',
  'xtime_sec',
  'xtime_nsec',
  'wtm_sec',
  'wtm_nsec',
  'monotonic_tv_sec',
  'monotonic_tv_usec',
  'steal_ticks',
  'idle_ticks',
  'sys_ticks',
]
export const GUEST_COLUMNS = [
  'scenario',
  'op',
  'tsc',
  ...INPUTS,
  ...RUNSTATE,
  ...STATE,
  'backwards_warnings',
  'result',
]

/** The model's replay: assembly/model/lab-recording.ts. */
interface GuestLab extends MathExports {
  lab26_replay(rows: number, count: number, replay: number, texts: number): number
}

const OPERATIONS = [
  'PAGE',
  'WC',
  'NORESUME',
  'STALEWC',
  'INIT',
  'TICK',
  'RESUME',
  'GTOD',
  'NANOSLEEP_2S',
  'WOKE',
  'JIFFIES_TO_ST',
]
/** The ticks a second that such a kernel can be built with. */
const HZ = [100n, 250n, 1000n]

// assembly/layout.ts
const HYPERVISOR_XEN = 1
const PROGRAM_LINUX_2_6_18_XEN = 1
const CLOCK_MONOTONIC = 1
const COUNTER_TSC = 0
const GUEST_MEMORY = 0x100000

// assembly/model/lab-recording.ts: the words of a row, and what lasts from row to row
const WORDS = 34
const ROW_BYTES = 8 * WORDS
const NUMBERS = ['tsc', ...INPUTS, ...RUNSTATE]
const WORD = {
  scenario: 0,
  op: 1,
  tsc: 2,
  result: 15,
  state: 16,
  warnings: 28,
  otherResult: 29,
  asleep: 30,
  text: 31,
}
const TEXT_BYTES = 104
const REPLAY = { begun: 8, booted: 12, warnings: 16, wakes: 24, status: 28, bytes: 32 }
const Status = { done: 0, scenario: 1 } as const
/** What is wanted of the row at which the replay stopped, by its status. */
const WANTED: Readonly<Record<number, readonly ['op' | 'result', string]>> = {
  2: ['op', `one of ${OPERATIONS.join(', ')}`],
  3: ['result', 'j_minus_jiffies=…;st=…'],
  4: ['op', 'INIT before it: this guest has not booted'],
}
/** assembly/lab-csv.ts: the field is text. */
const CSV_TEXT = 0x8000_0000

const CAPACITY = 1024
/** What was recorded of these, and 0 for what the replay judges itself. */
const EXPECTED = [...STATE, 'backwards_warnings']
const EXPECTED_BYTES = 8 * (EXPECTED.length + 1)
const CHECKS = [
  ...EXPECTED.map((column, i) => ({ column, got: WORD.state + i, expected: i })),
  { column: 'result', got: WORD.otherResult, expected: EXPECTED.length },
  { column: 'op', got: WORD.asleep, expected: EXPECTED.length },
]

/** Each scenario of a recording is a guest of its own: one vCPU of 64 bits, and a host whose TSC the rows set. */
export class GuestVerifier implements Verifier {
  readonly #core = new MathCore()
  readonly #lab = this.#core.exports as GuestLab
  readonly #header: Header
  readonly #first: Mismatch[] = []
  // Places in the heap, one after the other.
  readonly #fields = this.#core.heap
  readonly #checks: number
  readonly #read: number
  readonly #replay: number
  readonly #found: number
  readonly #rowsAt: number
  readonly #expected: number
  readonly #texts: number
  readonly #text: number
  /** Blocks that wait until the kernel's HZ shows. */
  #waiting: Uint8Array[] = []
  #hz = 0n
  #rows = 0
  #lines: number
  #mismatches = 0

  constructor(header: Header) {
    this.#header = header
    this.#lines = header.lines
    this.#checks = this.#fields + FIELD_BYTES * header.columns.length
    this.#read = this.#checks + CHECK_BYTES * CHECKS.length
    this.#replay = this.#read + OUT_BYTES + 8 * CAPACITY
    this.#found = this.#replay + REPLAY.bytes
    this.#rowsAt = this.#found + 8 + 8 * FIRST_ROWS * CHECKS.length
    this.#expected = this.#rowsAt + ROW_BYTES * CAPACITY
    this.#texts = this.#expected + EXPECTED_BYTES * CAPACITY
    this.#text = this.#texts + TEXT_BYTES * CAPACITY
    const view = this.#view(0)
    this.#layFields(view)
    for (const [i, { got, expected }] of CHECKS.entries()) {
      const check = this.#checks + CHECK_BYTES * i
      view.setUint32(check, got, true)
      view.setUint32(check + 4, expected, true)
      view.setUint32(check + 8, ALWAYS, true)
    }
  }

  take(text: Uint8Array): void {
    if (this.#hz === 0n) {
      this.#waiting.push(text)
      this.#hz = this.#hzOf(text)
      if (this.#hz === 0n) return
      const blocks = this.#waiting
      this.#waiting = []
      for (const block of blocks) this.#run(block)
    } else this.#run(text)
  }

  end() {
    if (this.#waiting.some((block) => block.some((byte) => byte !== 0x0a && byte !== 0x0d)))
      throw new MathError(`${this.#header.file}: no row shows the kernel’s HZ: ${HZ_RULE}`)
    return { rows: this.#rows, mismatches: this.#mismatches, first: this.#first }
  }

  /** The whole memory, with room for so much text. */
  #view(text: number): DataView {
    const { buffer } = this.#core.view(this.#text - this.#core.heap + text + SLACK)
    return new DataView(buffer)
  }

  #layFields(view: DataView): void {
    const lay = (column: string, address: number, stride: number, text = false) => {
      const field = this.#fields + FIELD_BYTES * this.#header.columns.indexOf(column)
      const [most, least] = RANGES.x64
      view.setUint32(field, address, true)
      view.setUint32(field + 4, text ? stride + CSV_TEXT : stride, true)
      view.setBigUint64(field + 8, most, true)
      view.setBigUint64(field + 16, least, true)
    }
    for (const column of ['scenario', 'op', 'result'] as const)
      lay(column, this.#rowsAt + 8 * WORD[column], ROW_BYTES, true)
    for (const [i, column] of NUMBERS.entries()) lay(column, this.#rowsAt + 8 * (WORD.tsc + i), ROW_BYTES)
    for (const [i, column] of EXPECTED.entries()) lay(column, this.#expected + 8 * i, EXPECTED_BYTES)
  }

  /** Reads a block piece by piece; `use` is given the rows of each, and ends the reading by returning true. */
  #readBlock(
    text: Uint8Array,
    lines: number,
    use: (view: DataView, count: number, start: number, lines: number) => boolean,
  ): number {
    const view = this.#view(text.length)
    new Uint8Array(view.buffer, this.#text, text.length).set(text)
    const columns = this.#header.columns.length
    let read = lines
    for (let at = 0; at < text.length; ) {
      const start = this.#text + at
      const count = this.#lab.lab_csv_read(
        start,
        text.length - at,
        this.#fields,
        columns,
        CAPACITY,
        this.#read,
      )
      if (use(view, count, start, read)) return read
      read += view.getUint32(this.#read + 4, true)
      at += view.getUint32(this.#read, true)
      if (view.getUint32(this.#read + 8, true) !== 0) this.#refuse(view, this.#text + at, read)
    }
    return read
  }

  #run(text: Uint8Array): void {
    this.#lines = this.#readBlock(text, this.#lines, (view, count, start, lines) => {
      this.#replayRows(view, count, lines)
      this.#compare(view, count, start, lines)
      this.#rows += count
      return false
    })
  }

  #replayRows(view: DataView, count: number, lines: number): void {
    for (let done = 0; done < count; ) {
      const row = this.#rowsAt + ROW_BYTES * done
      done += this.#lab.lab26_replay(row, count - done, this.#replay, this.#texts + TEXT_BYTES * done)
      const status = view.getUint32(this.#replay + REPLAY.status, true)
      if (status === Status.scenario) this.#begin(view)
      if (status === Status.done || status === Status.scenario) continue
      const [column, expected] = WANTED[status]!
      const field = JSON.stringify(this.#textOf(view, done, WORD[column]).slice(0, 40))
      const line = lines + view.getUint32(this.#read + OUT_BYTES + 8 * done + 4, true) + 1
      throw badRow(this.#header, line, `${column}: ${field}; expected ${expected}`)
    }
  }

  /** Another guest. */
  #begin(view: DataView): void {
    const lab = this.#lab
    lab.machine_init(0n)
    new Uint8Array(view.buffer, lab.address_guest_memory(), GUEST_MEMORY).fill(0)
    lab.host_configure(HYPERVISOR_XEN, 2_400_000, 0, 48, 1, 1, 0, 0, 0n)
    lab.host_set_counter(COUNTER_TSC, 0n, 0n, 1n)
    lab.guest_configure(PROGRAM_LINUX_2_6_18_XEN, 1, 1, 0, 0, Number(this.#hz), 0, 0, 0, 1, GUEST_MEMORY)
    lab.workload_add_sleeper(CLOCK_MONOTONIC, 0, 0n, 2n * NS_PER_S, 0, 0n)
    view.setUint32(this.#replay + REPLAY.begun, 1, true)
    view.setUint32(this.#replay + REPLAY.booted, 0, true)
    view.setBigUint64(this.#replay + REPLAY.warnings, 0n, true)
    view.setUint32(this.#replay + REPLAY.wakes, 0, true)
  }

  #compare(view: DataView, count: number, start: number, lines: number): void {
    const left = Math.max(FIRST_ROWS - this.#mismatches, 0)
    this.#mismatches += this.#lab.lab_csv_compare(
      this.#rowsAt,
      ROW_BYTES,
      this.#expected,
      EXPECTED_BYTES,
      count,
      this.#checks,
      CHECKS.length,
      left,
      this.#found,
    )
    const entries = view.getUint32(this.#found, true)
    for (let i = 0; i < entries; i++) {
      const row = view.getUint32(this.#found + 4 + 8 * i, true)
      const { column } = CHECKS[view.getUint32(this.#found + 8 + 8 * i, true)]!
      const place = this.#read + OUT_BYTES + 8 * row
      this.#first.push({
        row: this.#rows + row + 1,
        line: lines + view.getUint32(place + 4, true) + 1,
        column,
        ...this.#told(view, row, column),
        text: lineAt(view, start + view.getUint32(place, true)),
      })
    }
  }

  /** What was recorded and what the kernel gives. */
  #told(view: DataView, row: number, column: string): { expected: string; got: string } {
    if (column === 'op') return { expected: this.#textOf(view, row, WORD.op), got: 'still asleep' }
    if (column === 'result')
      return { expected: this.#textOf(view, row, WORD.result), got: this.#textOf(view, row, WORD.text) }
    const i = EXPECTED.indexOf(column)
    const value = (address: number) => `${signed(view.getBigUint64(address, true))}`
    return {
      expected: value(this.#expected + EXPECTED_BYTES * row + 8 * i),
      got: value(this.#rowsAt + ROW_BYTES * row + 8 * (WORD.state + i)),
    }
  }

  /** A text that a word of a row points to. */
  #textOf(view: DataView, row: number, word: number): string {
    const place = this.#rowsAt + ROW_BYTES * row + 8 * word
    const bytes = this.#core.bytes(view.getUint32(place, true), view.getUint32(place + 4, true))
    return Buffer.from(bytes).toString('utf8')
  }

  /** A jiffy takes 1/HZ of the time that is processed: two rows, one after the other, that show it. 0 if none do. */
  #hzOf(text: Uint8Array): bigint {
    let found = 0n
    const lines = this.#waiting
      .slice(0, -1)
      .reduce((sum, block) => sum + block.filter((byte) => byte === 0x0a).length, this.#lines)
    this.#readBlock(text, lines, (view, count) => {
      const by = (row: number, column: string) => {
        const at = this.#expected + EXPECTED_BYTES * row + 8 * EXPECTED.indexOf(column)
        return view.getBigInt64(at, true) - view.getBigInt64(at - EXPECTED_BYTES, true)
      }
      for (let row = 1; row < count && found === 0n; row++) {
        if (this.#textOf(view, row, WORD.op) !== 'TICK') continue
        if (this.#textOf(view, row, WORD.scenario) !== this.#textOf(view, row - 1, WORD.scenario)) continue
        const [jiffies, processed] = [by(row, 'jiffies_rel'), by(row, 'processed_system_time')]
        found = HZ.find((hz) => jiffies > 0n && jiffies * NS_PER_S === processed * hz) ?? 0n
      }
      return found !== 0n
    })
    return found
  }

  #refuse(view: DataView, line: number, lines: number): never {
    const status = view.getUint32(this.#read + 8, true)
    const index = view.getUint32(this.#read + 12, true)
    const field = lineAt(view, line).split(',')[index] ?? ''
    const number = `${this.#header.columns[index]}: ${JSON.stringify(field.slice(0, 40))}; expected a decimal integer of 64 bits`
    throw badRow(this.#header, lines + 1, REASONS[status] ?? number)
  }
}

const HZ_RULE = 'expected a TICK that moves jiffies_rel and processed_system_time as 100, 250 or 1000 Hz do'
