/**
 * Clock arithmetic three times: by the core, with BigInt, and in C. The numbers are made alike in C (set_up in
 * native/clock.c), so results can be compared word for word.
 */
import { deepStrictEqual } from 'node:assert'
import { instantiate } from '../core/load.js'
import { Counter, scaleDelta, TimePage } from './bigint.js'
import { type Case, MANY_ROUNDS, type Peer, SPELLS, spells } from './measure.js'
import type { Native } from './native.js'

/** The exports of assembly/lab-batch.ts. */
interface BatchExports {
  readonly memory: WebAssembly.Memory
  address_guest_memory(): number
  scale_batch(deltas: number, ns: number, count: number, mul: number, shift: number): void
  pvclock_read_batch(page: number, tsc: number, ns: number, count: number): number
  pvclock_read_pages(pages: number, stride: number, tsc: number, ns: number, count: number): number
  scale_each(deltas: number, ns: number, count: number, mul: number, shift: number): void
  lab_scale_chain(delta: bigint, step: bigint, count: number, mul: number, shift: number): bigint
  lab_page_reads(page: number, tsc: bigint, step: bigint, count: number): bigint
  lab_counter(rows: number, count: number, scratch: number): void
  lab_counter_reads(counter: number, times: number, counts: number, count: number): void
  lab_counter_whens(counter: number, times: number, values: number, whens: number, count: number): void
  lab_decs(ticks: number, results: number, count: number, frequency: bigint): void
  lab_publishes(page: number, count: number, step: bigint, mul: number, shift: number): void
  lab_ticks(
    page: number,
    count: number,
    step: bigint,
    tick: bigint,
    hz: number,
    mul: number,
    shift: number,
  ): void
}

/** What is done three times. */
export interface ClockCase {
  readonly suite: string
  /** Its name in C too. */
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly operations: number
  /** The project's goals: at most so many times the time of C, at least so many times as fast as BigInt. */
  readonly atMost: number | null
  readonly atLeast: number | null
  /** A second form in C, and what it is. */
  readonly other?: { readonly id: string; readonly title: string }
  core(): void
  bigint(): void
  /** What each has computed. */
  coreResults(): bigint[]
  bigintResults(): bigint[]
}

const WORDS = 2048
const PAGES = 512
const TICKS = 4 * WORDS
const PAGE_BYTES = 32
const MUL = 3_579_139_413n // 2.4 GHz
const SHIFT = -1n
const TICK = 1_000_000n
const HZ = 1000
const TSC_A_TICK = 2_400_000n
const CHAIN_STEP = 0x123456789abcdefn
const READ_STEP = 1_000_003n
const TIMEBASE = { num: 512_020_480_000_000_000n, den: 10n ** 18n } // 512 MHz, 40 ppm fast
const TIMEBASE_HZ = 512_000_000n
const DEC_LATER = 1000n
const RATE = { num: 2_400_000_007_200_000_000n, den: 10n ** 18n } // 2.4 GHz, 3 ppb fast
const FIRST = 10n ** 15n
const APART = 1_000_003n
const AHEAD = 2_400_000n // 1 ms
const u64 = (value: bigint) => BigInt.asUintN(64, value)

interface Page {
  readonly stamp: bigint
  readonly time: bigint
  readonly mul: bigint
}

function numbers(): { words: bigint[]; pages: Page[] } {
  let state = 1n
  const next = () => {
    state = u64(state * 6364136223846793005n + 1442695040888963407n)
    return state >> 20n
  }
  const words = Array.from({ length: WORDS }, next)
  const pages = Array.from({ length: PAGES }, (_, i) => {
    const stamp = u64(words[i]! - (next() & 0xf_ffff_ffffn))
    return { stamp, time: next(), mul: MUL - BigInt(i) }
  })
  return { words, pages }
}

/** The core with the numbers in its memory: words, results, pages, and a page with its ticker. */
class CoreSide {
  readonly core = instantiate() as unknown as BatchExports
  readonly words = this.core.address_guest_memory()
  readonly results = this.words + 8 * WORDS
  readonly pages = this.results + 8 * WORDS
  readonly ticker = this.pages + PAGE_BYTES * PAGES
  readonly counter = this.ticker + 256
  readonly timebase = this.counter + 128
  readonly times = this.counter + 256
  readonly values = this.times + 8 * WORDS
  readonly #view = new DataView(this.core.memory.buffer)

  constructor({ words, pages }: ReturnType<typeof numbers>) {
    words.forEach((word, i) => {
      this.#view.setBigUint64(this.words + 8 * i, word, true)
    })
    pages.forEach((page, i) => {
      this.setPage(this.pages + PAGE_BYTES * i, page)
    })
  }

  setPage(at: number, { stamp, time, mul }: Page): void {
    const view = this.#view
    view.setUint32(at, 2, true)
    view.setUint32(at + 4, 0, true)
    view.setBigUint64(at + 8, stamp, true)
    view.setBigUint64(at + 16, time, true)
    view.setUint32(at + 24, Number(mul), true)
    view.setUint32(at + 28, Number(BigInt.asUintN(8, SHIFT)), true)
  }

  set(at: number, words: readonly bigint[]): void {
    words.forEach((word, i) => {
      this.#view.setBigUint64(at + 8 * i, word, true)
    })
  }

  get(at: number, count: number): bigint[] {
    return Array.from({ length: count }, (_, i) => this.#view.getBigUint64(at + 8 * i, true))
  }
}

/** A page for BigInt, read with the loop that a reader needs. */
function timePage({ stamp, time, mul }: Page): TimePage {
  const page = new TimePage()
  page.write(2n, stamp, time, mul, SHIFT, 0n)
  return page
}

/** The BigInt form of lab_decs: DEC is written with the low half of the count. */
function decrementer(ticks: bigint): bigint {
  const next = ticks + BigInt.asUintN(32, ticks)
  const expiry = (next * 1_000_000_000n + TIMEBASE_HZ - 1n) / TIMEBASE_HZ
  return u64(expiry + BigInt.asUintN(32, next - (ticks + DEC_LATER)))
}

/** The BigInt form of lab_publishes: version, tsc_timestamp and system_time in the end. */
function publishWithBigInt(): bigint[] {
  const page = timePage({ stamp: 0n, time: 0n, mul: MUL })
  let [version, tsc, time] = [2n, 0n, 0n]
  for (let i = 0; i < WORDS; i++) {
    tsc += TSC_A_TICK
    time += TICK
    if (page.stamp === tsc && page.time === time) continue
    page.write(version + 1n, tsc, time, MUL, SHIFT, 0n)
    version += 2n
    page.setVersion(version)
  }
  return [version, page.stamp, page.time]
}

/** The BigInt form of lab_ticks. */
function tickWithBigInt(): bigint[] {
  const page = timePage({ stamp: 0n, time: 0n, mul: MUL })
  let [tsc, processed, jiffies, sum] = [0n, 0n, 0n, 0n]
  for (let i = 0; i < TICKS; i++) {
    tsc += TSC_A_TICK
    if (i % HZ === 0) page.write(BigInt(i), tsc, page.read(tsc), MUL, SHIFT, 0n)
    const now = page.read(tsc)
    sum += now
    while (now - processed >= TICK) {
      processed += TICK
      jiffies++
    }
  }
  return [tsc, processed, jiffies, sum]
}

export function clockCases(): ClockCase[] {
  const made = numbers()
  const { words, pages } = made
  const side = new CoreSide(made)
  const { core } = side
  const [mul, shift] = [Number(MUL), Number(SHIFT)]
  const timePages = pages.map(timePage)
  const out = new BigUint64Array(WORDS)
  const counter = new Counter(0n, 17n, RATE.num, RATE.den)
  const times = words.map((_, i) => FIRST + BigInt(i) * APART)
  const values = times.map((time) => counter.read(time) + AHEAD)
  side.set(side.times, times)
  side.set(side.values, values)
  side.set(side.results, [0n, 0n, 17n, RATE.num, RATE.den])
  core.lab_counter(side.results, 1, side.counter)
  side.set(side.results, [0n, 0n, 0n, TIMEBASE.num, TIMEBASE.den])
  core.lab_counter(side.results, 1, side.timebase)
  const timebase = new Counter(0n, 0n, TIMEBASE.num, TIMEBASE.den)
  const kept = { core: [0n], bigint: [0n] }
  const arrays = (count: number) => ({
    operations: count,
    coreResults: () => side.get(side.results, count),
    bigintResults: () => [...out.subarray(0, count)],
  })
  const totals = (operations: number) => ({
    operations,
    coreResults: () => kept.core.map(u64),
    bigintResults: () => kept.bigint.map(u64),
  })
  const byHand = (id: string) => ({ other: { id, title: 'AVX2 by hand' } })
  const scaleWithBigInt = () => {
    for (let i = 0; i < WORDS; i++) out[i] = scaleDelta(words[i]!, MUL, SHIFT)
  }
  return [
    {
      suite: 'scale',
      id: 'scale-each',
      title: 'scale_each, one by one',
      unit: 'scaling',
      ...arrays(WORDS),
      atMost: 2,
      atLeast: 40,
      core: () => core.scale_each(side.words, side.results, WORDS, mul, shift),
      bigint: scaleWithBigInt,
    },
    {
      suite: 'scale',
      id: 'scale-chain',
      title: 'scale_delta in a chain',
      unit: 'scaling',
      ...totals(WORDS),
      atMost: 1.2,
      atLeast: 40,
      core: () => {
        kept.core = [core.lab_scale_chain(0n, CHAIN_STEP, WORDS, mul, shift)]
      },
      bigint: () => {
        let ns = 0n
        for (let i = 0; i < WORDS; i++) ns = scaleDelta(ns + CHAIN_STEP, MUL, SHIFT)
        kept.bigint = [ns]
      },
    },
    {
      suite: 'scale',
      id: 'scale-batch',
      title: 'scale_batch',
      unit: 'scaling',
      ...arrays(WORDS),
      ...byHand('scale-batch-avx2'),
      atMost: 1.6,
      atLeast: 40,
      core: () => core.scale_batch(side.words, side.results, WORDS, mul, shift),
      bigint: scaleWithBigInt,
    },
    {
      suite: 'read',
      id: 'read-batch',
      title: 'pvclock_read_batch',
      unit: 'reading',
      ...arrays(WORDS),
      ...byHand('read-batch-avx2'),
      atMost: 1.6,
      atLeast: 40,
      core: () => core.pvclock_read_batch(side.pages, side.words, side.results, WORDS),
      bigint: () => {
        for (let i = 0; i < WORDS; i++) out[i] = timePages[0]!.read(words[i]!)
      },
    },
    {
      suite: 'read',
      id: 'read-pages',
      title: 'pvclock_read_pages',
      unit: 'reading',
      ...arrays(PAGES),
      atMost: 1.3,
      atLeast: 40,
      core: () => core.pvclock_read_pages(side.pages, PAGE_BYTES, side.words, side.results, PAGES),
      bigint: () => {
        for (let i = 0; i < PAGES; i++) out[i] = timePages[i]!.read(words[i]!)
      },
    },
    {
      suite: 'read',
      id: 'page-reads',
      title: 'one page again and again',
      unit: 'reading',
      ...totals(WORDS),
      atMost: 1.3,
      atLeast: 40,
      core: () => {
        kept.core = [core.lab_page_reads(side.pages, words[0]!, READ_STEP, WORDS)]
      },
      bigint: () => {
        let sum = 0n
        for (let i = 0n; i < WORDS; i++) sum += timePages[0]!.read(words[0]! + i * READ_STEP)
        kept.bigint = [sum]
      },
    },
    {
      suite: 'counter',
      id: 'counter-reads',
      title: 'counter_read, 3 ppb fast',
      unit: 'reading',
      ...arrays(WORDS),
      atMost: null,
      atLeast: null,
      core: () => core.lab_counter_reads(side.counter, side.times, side.results, WORDS),
      bigint: () => {
        for (let i = 0; i < WORDS; i++) out[i] = counter.read(times[i]!)
      },
    },
    {
      suite: 'counter',
      id: 'counter-whens',
      title: 'counter_when, 1 ms ahead',
      unit: 'instant',
      ...arrays(WORDS),
      atMost: null,
      atLeast: null,
      core: () => core.lab_counter_whens(side.counter, side.times, side.values, side.results, WORDS),
      bigint: () => {
        for (let i = 0; i < WORDS; i++) out[i] = counter.when(values[i]!)
      },
    },
    {
      suite: 'power',
      id: 'timebase-reads',
      title: 'TB, 512 MHz 40 ppm fast',
      unit: 'reading',
      ...arrays(WORDS),
      atMost: null,
      atLeast: null,
      core: () => core.lab_counter_reads(side.timebase, side.times, side.results, WORDS),
      bigint: () => {
        for (let i = 0; i < WORDS; i++) out[i] = timebase.read(times[i]!)
      },
    },
    {
      suite: 'power',
      id: 'decs',
      title: 'DEC: write, expiry, read',
      unit: 'decrementer',
      ...arrays(WORDS),
      atMost: null,
      atLeast: null,
      core: () => core.lab_decs(side.words, side.results, WORDS, TIMEBASE_HZ),
      bigint: () => {
        for (let i = 0; i < WORDS; i++) out[i] = decrementer(words[i]!)
      },
    },
    {
      suite: 'publish',
      id: 'publishes',
      title: 'time page as Xen writes it',
      unit: 'publication',
      ...totals(WORDS),
      atMost: null,
      atLeast: null,
      core: () => {
        side.setPage(side.ticker, { stamp: 0n, time: 0n, mul: MUL })
        core.lab_publishes(side.ticker, WORDS, TSC_A_TICK, mul, shift)
        kept.core = side.get(side.ticker, 3)
      },
      bigint: () => {
        kept.bigint = publishWithBigInt()
      },
    },
    {
      suite: 'tick',
      id: 'ticks',
      title: 'the least a tick can be',
      unit: 'tick',
      ...totals(TICKS),
      other: { id: 'ticks-inlined', title: 'all in one function' },
      atMost: 1.25,
      atLeast: 40,
      core: () => {
        side.setPage(side.ticker, { stamp: 0n, time: 0n, mul: MUL })
        side.set(side.ticker + PAGE_BYTES, [0n, 0n, 0n, 0n, 0n])
        core.lab_ticks(side.ticker, TICKS, TSC_A_TICK, TICK, HZ, mul, shift)
        kept.core = side.get(side.ticker + PAGE_BYTES, 4)
      },
      bigint: () => {
        kept.bigint = tickWithBigInt()
      },
    },
  ]
}

/** Throws unless the three sides compute the same words. */
export function verify(
  { id, other, core, bigint, coreResults, bigintResults }: ClockCase,
  native: Native,
): void {
  core()
  bigint()
  const words = coreResults()
  deepStrictEqual(words, bigintResults(), `${id}: the core and BigInt`)
  for (const name of other ? [id, other.id] : [id]) {
    const inC = native.results(name)
    if (inC) deepStrictEqual(words, inC, `${name}: the core and C`)
  }
}

const BIGINT_SPELLS = 3

function sidesOf(
  { suite, id, title, unit, operations, atMost, atLeast, other, core, bigint }: ClockCase,
  native: Native,
): Case {
  const inC = (name: string, title: string | null): Peer => ({
    name: 'C',
    title,
    goal: title === null && atMost !== null ? { at_most: atMost } : null,
    time: () => native.least(name, SPELLS),
  })
  return {
    suite,
    id,
    title,
    unit,
    rounds: MANY_ROUNDS,
    core: spells(core, operations),
    peers: [
      inC(id, null),
      ...(other ? [inC(other.id, other.title)] : []),
      {
        name: 'BigInt',
        title: null,
        goal: atLeast === null ? null : { times_as_fast: atLeast },
        time: spells(bigint, operations, BIGINT_SPELLS, 0),
      },
    ],
  }
}

/** All of them, each checked. */
export function clockSuites(native: Native): Case[] {
  const cases = clockCases()
  for (const one of cases) verify(one, native)
  return cases.map((one) => sidesOf(one, native))
}
