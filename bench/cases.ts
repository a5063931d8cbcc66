/**
 * What is measured. Each case is the same work done by the core and with BigInt; making a case computes both
 * sides once and throws when they differ, so a rate is never that of a wrong result.
 */
import { deepStrictEqual } from 'node:assert'
import { Seen } from '../src/observation/log.js'
import { Counter, ReaderQueue, scaleDelta, TimePage } from './bigint.js'
import { BigIntGuest } from './bigint-guest.js'
import { Batch, bareCore, readersOnly, xenGuest } from './core.js'

export interface Case {
  readonly id: string
  readonly title: string
  /** What is counted, in the plural. */
  readonly unit: string
  /** How many of them one call does. */
  readonly perCall: number
  core(): void
  bigint(): void
}

const ROWS = 4096
const S = 1_000_000_000n
const words = 1n << 64n

/** Numbers that are different everywhere and the same in every run (Knuth's MMIX generator, upper bits). */
function* numbers(seed: bigint): Generator<bigint, never> {
  for (let x = seed; ; ) {
    x = (x * 6364136223846793005n + 1442695040888963407n) % words
    yield x >> 20n
  }
}

function rows(make: (next: () => bigint) => bigint[]): bigint[][] {
  const source = numbers(1n)
  return Array.from({ length: ROWS }, () => make(() => source.next().value))
}

/** A case whose BigInt side computes one result word of each row of a lab batch. */
function batchCase(
  what: Omit<Case, 'perCall' | 'core' | 'bigint'>,
  lab: { name: string; width: number; result: number; rows: bigint[][] },
  compute: (row: bigint[]) => bigint,
): Case {
  const batch = new Batch(lab.name, lab.width, lab.rows)
  const results = new BigUint64Array(ROWS)
  const bigint = () => {
    for (let i = 0; i < ROWS; i++) results[i] = compute(lab.rows[i]!)
  }
  batch.run()
  bigint()
  deepStrictEqual(batch.column(lab.width, lab.result), [...results], what.title)
  return { ...what, perCall: ROWS, core: () => batch.run(), bigint }
}

function pageReads(): Case {
  const page = new TimePage()
  return batchCase(
    { id: 'page-read', title: 'reading vcpu_time_info', unit: 'reads' },
    {
      name: 'lab_pvclock_read',
      width: 8,
      result: 7,
      rows: rows((next) => {
        const stamp = next()
        return [2n, stamp, next(), 3_579_139_413n, -1n, 1n, stamp + (next() % (1n << 36n))]
      }),
    },
    ([version, stamp, time, mul, shift, flags, tsc]) => {
      page.write(version!, stamp!, time!, mul!, shift!, flags!)
      return page.read(tsc!)
    },
  )
}

function scales(): Case {
  return batchCase(
    { id: 'scale', title: 'scaling a TSC difference to ns', unit: 'scalings' },
    {
      name: 'lab_scale_delta',
      width: 4,
      result: 3,
      rows: rows((next) => [next(), next() % (1n << 32n), (next() % 7n) - 3n]),
    },
    ([delta, mul, shift]) => scaleDelta(delta!, mul!, shift!),
  )
}

/** 512 MHz, 40 ppm fast; the den of a host's counters in src/world/host.ts. */
const TIMEBASE = { num: 512_000_000n * 1_000_040_000n, den: S * S }

function timebaseReads(): Case {
  const SET = 0n
  const READ = 1n
  const counter = new Counter(0n, 0n, TIMEBASE.num, TIMEBASE.den)
  // The counter that the first row sets stays in the batch's scratch memory; that row costs what a read costs.
  const [, ...reads] = rows((next) => [READ, next() % (1n << 52n), 0n, 0n, 0n])
  return batchCase(
    { id: 'timebase-read', title: 'reading the timebase, 512 MHz + 40 ppm', unit: 'reads' },
    { name: 'lab_counter', width: 6, result: 5, rows: [[SET, 0n, 0n, TIMEBASE.num, TIMEBASE.den], ...reads] },
    ([op, now]) => (op === SET ? 1n : counter.read(now!)),
  )
}

/** Each call lets another `step` ns go by. */
function onwards(run: (until: bigint) => unknown, step: bigint): () => void {
  let until = 0n
  return () => {
    until += step
    run(until)
  }
}

function events(): Case {
  const readers = Array.from({ length: 32 }, (_, i) => ({
    from: BigInt(i * 37),
    every: 1000n + BigInt(i * i),
  }))
  const expected: [bigint, number][] = []
  new ReaderQueue(readers).run(100_000n, (time, reader) => expected.push([time, reader]))
  const seen = readersOnly(readers, false)
  seen.run(100_000n)
  deepStrictEqual(
    [...seen.log.all(Seen.read)].map(({ trueNs, index }) => [trueNs, index]),
    expected,
    'events',
  )

  const machine = readersOnly(readers, true)
  const queue = new ReaderQueue(readers)
  return {
    id: 'events',
    title: 'the event queue, 32 periodic events',
    unit: 'events',
    perCall: expected.length,
    core: onwards((until) => machine.run(until), 100_000n),
    bigint: onwards((until) => queue.run(until), 100_000n),
  }
}

const CLOCK = { gettimeofday: 4, sched: 6, jiffies: 8 } as const

function guest(what: Omit<Case, 'core' | 'bigint'>, busy: boolean, step: bigint): Case {
  const setting = { tscKhz: 2_400_000n, uptime: 1000n * S, utc: 1_218_055_617n * S, hz: 1000n, busy }
  const machine = xenGuest(setting)
  const model = new BigIntGuest(setting)
  const core = onwards((until) => machine.run(until), step)
  const bigint = onwards((until) => model.run(until), step)
  for (let i = 0; i < 5; i++) {
    core()
    bigint()
    const read = (clock: number) => machine.core.guest_read_clock(0, clock)
    deepStrictEqual(
      [read(CLOCK.jiffies), read(CLOCK.sched), read(CLOCK.gettimeofday)],
      [model.jiffies, model.sched(), model.gettimeofday()],
      what.title,
    )
  }
  return { ...what, core, bigint }
}

const ticks = () =>
  guest({ id: 'ticks', title: 'linux-2.6.18-xen, busy, HZ=1000', unit: 'ticks', perCall: 1000 }, true, S)

const idle = () =>
  guest(
    { id: 'idle', title: 'linux-2.6.18-xen, idle', unit: 'simulated seconds', perCall: 60 },
    false,
    60n * S,
  )

/** What stands for the core when a call is all that is measured: an object with the same two fields. */
class Fields {
  decArmed = 0
  tbOffset = 0n
  armed(_cpu: number): number {
    return this.decArmed
  }
  setOffset(value: bigint): void {
    this.tbOffset = BigInt.asUintN(64, value)
  }
}

function calls(): Case[] {
  const core = bareCore()
  const fields = new Fields()
  const CALLS = 1000
  // Where results go, so that no call is for nothing.
  const kept = { sum: 0 }
  deepStrictEqual(core.guest_dec_armed(0), fields.armed(0))
  core.guest_set_tb_offset(-5n)
  fields.setOffset(-5n)
  deepStrictEqual(BigInt.asUintN(64, core.guest_tb_offset()), fields.tbOffset)
  return [
    {
      id: 'call-number',
      title: 'a call from JavaScript, number to number',
      unit: 'calls',
      perCall: CALLS,
      core: () => {
        for (let i = 0; i < CALLS; i++) kept.sum += core.guest_dec_armed(0)
      },
      bigint: () => {
        for (let i = 0; i < CALLS; i++) kept.sum += fields.armed(0)
      },
    },
    {
      id: 'call-bigint',
      title: 'a call from JavaScript with a bigint',
      unit: 'calls',
      perCall: CALLS,
      core: () => {
        for (let i = 0; i < CALLS; i++) core.guest_set_tb_offset(words - 1n)
      },
      bigint: () => {
        for (let i = 0; i < CALLS; i++) fields.setOffset(words - 1n)
      },
    },
  ]
}

/** All cases, checked. */
export function makeCases(): Case[] {
  return [pageReads(), scales(), timebaseReads(), events(), ticks(), idle(), ...calls()]
}
