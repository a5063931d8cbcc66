/**
 * Whole machines, and calls into the core, beside the same with BigInt. Making a case computes both sides once and throws
 * when they differ, so a time is never that of a wrong result.
 */
import { deepStrictEqual } from 'node:assert'
import type { Pace } from '../core/machine.js'
import { Seen } from '../observation/log.js'
import { ReaderQueue } from './bigint.js'
import { BigIntGuest } from './bigint-guest.js'
import { bareCore, readersOnly, xenGuest } from './fixtures.js'
import { type Case, FEW_ROUNDS, MANY_ROUNDS, SPELLS, sampled, spells } from './measure.js'
import type { Native } from './native.js'

interface Machines {
  readonly suite: string
  readonly id: string
  readonly title: string
  readonly unit: string
  /** How many of them one call does. */
  readonly perCall: number
  core(): void
  bigint(): void
}

const S = 1_000_000_000n
const words = 1n << 64n

/** Each call lets another `step` ns go by. */
function onwards(run: (until: bigint) => unknown, step: bigint): () => void {
  let until = 0n
  return () => {
    until += step
    run(until)
  }
}

function events(): Machines {
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
    suite: 'queue',
    id: 'events',
    title: '32 periodic events',
    unit: 'event',
    perCall: expected.length,
    core: onwards((until) => machine.run(until), 100_000n),
    bigint: onwards((until) => queue.run(until), 100_000n),
  }
}

const CLOCK = { gettimeofday: 4, sched: 6, jiffies: 8 } as const

type What = Omit<Machines, 'core' | 'bigint'>

function guest(what: What, busy: boolean, step: bigint, pace: Pace = 'event-by-event'): Machines {
  const setting = { tscKhz: 2_400_000n, uptime: 1000n * S, utc: 1_218_055_617n * S, hz: 1000n, busy }
  const machine = xenGuest(setting)
  const model = new BigIntGuest(setting)
  const core = onwards((until) => machine.run(until, pace), step)
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

/** Beside C too: the loop of the case `ticks`, which is the least that a tick can be. */
function ticks(native: Native): Case {
  const perCall = 1000
  const what = { suite: 'tick', id: 'kernel-ticks', title: 'linux-2.6.18-xen, busy', unit: 'tick', perCall }
  const { core, bigint } = guest(what, true, S)
  return {
    ...what,
    rounds: MANY_ROUNDS,
    core: spells(core, perCall, 10, 0),
    peers: [
      {
        name: 'C',
        title: 'the least a tick can be',
        goal: { at_most: 1.25 },
        time: () => native.least('ticks', SPELLS),
      },
      { name: 'BigInt', title: null, goal: null, time: spells(bigint, perCall, 3, 0) },
    ],
  }
}

function idle(): Machines[] {
  const what = { suite: 'skip', unit: 'simulated second' }
  const title = 'linux-2.6.18-xen, idle'
  return [
    guest({ ...what, id: 'idle', title, perCall: 60 }, false, 60n * S),
    // The peer goes through every event, so this says what skipping is worth.
    guest(
      { ...what, id: 'idle-hour', title: 'linux-2.6.18-xen, skipped', perCall: 3600 },
      false,
      3600n * S,
      'skipping',
    ),
  ]
}

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

function calls(): Machines[] {
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
      suite: 'call',
      id: 'call-number',
      title: 'number to number, from JS',
      unit: 'call',
      perCall: CALLS,
      core: () => {
        for (let i = 0; i < CALLS; i++) kept.sum += core.guest_dec_armed(0)
      },
      bigint: () => {
        for (let i = 0; i < CALLS; i++) kept.sum += fields.armed(0)
      },
    },
    {
      suite: 'call',
      id: 'call-bigint',
      title: 'with a bigint, from JS',
      unit: 'call',
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

/** All of them, checked. */
export function machineSuites(native: Native): Case[] {
  const others = [events(), ...idle(), ...calls()].map(({ perCall, core, bigint, ...what }): Case => {
    // Calls have no arithmetic: what stands beside them is a method that JavaScript inlines.
    const peer = what.suite === 'call' ? ({ name: 'Node', title: 'a method' } as const) : bare
    const time = sampled(bigint, perCall)
    return {
      ...what,
      rounds: FEW_ROUNDS,
      core: sampled(core, perCall),
      peers: [{ ...peer, goal: null, time }],
    }
  })
  return [ticks(native), ...others]
}

const bare = { name: 'BigInt', title: null } as const
