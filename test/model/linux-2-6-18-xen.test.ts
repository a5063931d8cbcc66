import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Build, builds } from '../helpers/core.js'
import { noteReplay, readVectors, VectorRow } from '../helpers/vectors.js'

type Word = bigint
interface Lab {
  memory: WebAssembly.Memory
  machine_init(nowNs: Word): void
  host_configure(...facts: (number | Word)[]): void
  host_set_counter(which: number, base: Word, num: Word, den: Word): void
  guest_configure(...facts: number[]): void
  workload_add_sleeper(
    clock: number,
    cpu: number,
    atNs: Word,
    forNs: Word,
    repeats: number,
    pauseNs: Word,
  ): number
  address_call(): number
  address_ring(): number
  address_records(): number
  record_size(): number
  address_guest_memory(): number
  lab26_runstate(runnable: Word, blocked: Word, offline: Word, entry: Word): void
  lab26_boot(): void
  lab26_tick(): void
  lab26_resume(): void
  lab26_gettimeofday(): Word
  lab26_nanosleep(): Word
  lab26_softirq_time(): Word
  lab26_jiffies_to_st(ahead: Word): Word
  lab26_ns_to_jiffies(ns: Word): Word
  lab26_usec_to_jiffies(usec: Word): Word
  lab26_state(out: number): void
}

const FILES = { release: 'core.wasm', debug: 'core.debug.wasm' }
const XEN = 1
const LINUX_2_6_18_XEN = 1
const MONOTONIC = 1
const SEEN = { wake: 3, backwards: 5 }
const NS_PER_S = 1_000_000_000n
const s64 = (x: bigint) => BigInt.asIntN(64, x)

function load(build: Build): Lab {
  const bytes = readFileSync(new URL(`../../build/${FILES[build]}`, import.meta.url))
  const abort = () => {
    throw new Error('the core called abort')
  }
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort } }).exports as unknown as Lab
}

/** One vCPU of a 64-bit guest with the state of all zeros, and a host whose TSC the rows set. */
class Replay {
  private readonly view: DataView
  warnings = 0
  wakes = 0

  constructor(
    private readonly lab: Lab,
    hz: number,
  ) {
    lab.machine_init(0n)
    lab.host_configure(XEN, 2_400_000, 0, 48, 1, 1, 0, 0, 0n)
    lab.guest_configure(LINUX_2_6_18_XEN, 1, 1, 0, 0, hz, 0, 0, 0, 1, 0x100000)
    lab.workload_add_sleeper(MONOTONIC, 0, 0n, 2n * NS_PER_S, 0, 0n)
    this.view = new DataView(lab.memory.buffer)
  }

  /** What the hypervisor has done before the kernel runs: the page, the wall clock, the run states, the TSC. */
  hypervisor(row: VectorRow): void {
    const sharedInfo = this.lab.address_guest_memory() + 0x1000
    const u32 = (offset: number, column: string) =>
      this.view.setUint32(sharedInfo + offset, Number(row.number(column)), true)
    const u64 = (offset: number, column: string) =>
      this.view.setBigUint64(sharedInfo + offset, row.number(column), true)
    u32(32, 'pv_version')
    u64(40, 'pv_tsc_timestamp')
    u64(48, 'pv_system_time')
    u32(56, 'pv_mul')
    this.view.setInt8(sharedInfo + 60, Number(row.number('pv_shift')))
    u32(3072, 'wc_version')
    u32(3076, 'wc_sec')
    u32(3080, 'wc_nsec')
    const [runnable, blocked, offline, entry] = row.numbers(
      'rs_runnable',
      'rs_blocked',
      'rs_offline',
      'rs_entry',
    )
    this.lab.lab26_runstate(runnable!, blocked!, offline!, entry!)
    this.lab.host_set_counter(0, row.number('tsc'), 0n, 1n)
  }

  /** Runs the row's operation; returns its result in the form of the result column. */
  run(row: VectorRow): string {
    const lab = this.lab
    switch (row.text('op')) {
      case 'INIT':
        lab.lab26_boot()
        return ''
      case 'TICK':
        lab.lab26_tick()
        return ''
      case 'RESUME':
        lab.lab26_resume()
        return ''
      case 'GTOD': {
        const ns = lab.lab26_gettimeofday()
        return `${ns / NS_PER_S};${(ns % NS_PER_S) / 1000n};${s64(lab.lab26_softirq_time())}`
      }
      case 'NANOSLEEP_2S':
        return `expires=${lab.lab26_nanosleep()}`
      case 'WOKE':
        return `softirq=${s64(lab.lab26_softirq_time())}`
      case 'JIFFIES_TO_ST': {
        const ahead = row.text('result').match(/^j_minus_jiffies=(-?\d+);/)![1]!
        return `j_minus_jiffies=${ahead};st=${lab.lab26_jiffies_to_st(BigInt(ahead))}`
      }
      default:
        return ''
    }
  }

  /** Counts the kernel's warnings and wakes, and empties the ring. */
  drain(): void {
    const { lab, view } = this
    const count = view.getUint32(lab.address_ring(), true)
    for (let i = 0; i < count; i++) {
      const record = lab.address_records() + i * lab.record_size()
      const kind = view.getUint32(record + 8, true)
      if (kind === SEEN.backwards) this.warnings++
      if (kind === SEEN.wake) this.wakes++
    }
    view.setUint32(lab.address_ring(), 0, true)
  }

  state(): bigint[] {
    const out = this.lab.address_call()
    this.lab.lab26_state(out)
    return [...new BigInt64Array(this.lab.memory.buffer, out, 12)]
  }
}

const STATE = ['jiffies_rel', 'processed_system_time', 'cpu0_processed', 'xtime_sec', 'xtime_nsec'].concat([
  'wtm_sec',
  'wtm_nsec',
  'monotonic_tv_sec',
  'monotonic_tv_usec',
  'steal_ticks',
  'idle_ticks',
  'sys_ticks',
])

/** Replays one scenario; returns the rows that differ, and the replay for its counts. */
function replayScenario(lab: Lab, hz: number, rows: VectorRow[]): { wrong: string[]; replay: Replay } {
  const replay = new Replay(lab, hz)
  const wrong: string[] = []
  let booted = false
  for (const row of rows) {
    const op = row.text('op')
    replay.hypervisor(row)
    const result = replay.run(row)
    replay.drain()
    booted ||= op === 'INIT'
    const got = [...(booted ? replay.state() : STATE.map(() => 0n)), BigInt(replay.warnings)]
    const expected = row.numbers(...STATE, 'backwards_warnings')
    if (`${got}` !== `${expected}` || result !== row.text('result')) {
      wrong.push(`${op} at ${row.text('real_ns')}: ${got} ${result}, not ${expected} ${row.text('result')}`)
    }
    // The tick before it has woken the process.
    if (op === 'WOKE' && replay.wakes !== 1) wrong.push(`WOKE at ${row.text('real_ns')}: still asleep`)
  }
  return { wrong, replay }
}

const MS = 1_000_000n

/** A row of one's own: a TSC of 1 GHz that counts from system time 1000 s; `at` ns later. */
function rowAt(op: string, at: bigint, runnable = 0n, blocked = 0n): VectorRow {
  const columns: Record<string, string | bigint> = {
    op,
    tsc: at,
    pv_version: 2n,
    pv_tsc_timestamp: 0n,
    pv_system_time: 1_000n * NS_PER_S,
    pv_mul: 1n << 31n,
    pv_shift: 1n,
    wc_version: 2n,
    wc_sec: 1_218_050_617n,
    wc_nsec: 0n,
    rs_runnable: runnable,
    rs_blocked: blocked,
    rs_offline: 0n,
    rs_entry: at,
  }
  const names = Object.keys(columns)
  return new VectorRow(new Map(names.map((name, i) => [name, i])), Object.values(columns).map(String))
}

/** A tick of the 100 and 250 Hz kernels in ns, as include/linux/jiffies.h derives it. */
const TICK_NSEC = { 100: 10_000_000n, 250: 4_000_250n, 1000: 999_848n }

describe.each(builds)('linux-2.6.18-xen, %s build', (build) => {
  const lab = load(build)

  test.each([
    [100, 19_363],
    [250, 48_200],
  ])('is in the state of the real kernel after every operation, HZ=%i', (hz, count) => {
    const rows = readVectors(`guest26_hz${hz}`)
    expect(rows.length).toBe(count)
    const replays = ['0', '1', '2', '3', '4', '5', '6', '7'].map((scenario) =>
      replayScenario(
        lab,
        hz,
        rows.filter((row) => row.text('scenario') === scenario),
      ),
    )
    const wrong = replays.flatMap((one) => one.wrong)
    noteReplay(`guest26_hz${hz}`, rows.length, wrong.length)
    expect(wrong.slice(0, 3)).toEqual([])
    expect(replays.map(({ replay }) => replay.wakes)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  /** Boots a kernel of `hz`; the result runs an operation and gives back the state by column. */
  function booted(hz: number) {
    const replay = new Replay(lab, hz)
    const step = (...args: Parameters<typeof rowAt>) => {
      const row = rowAt(...args)
      replay.hypervisor(row)
      replay.run(row)
      replay.drain()
      const state = replay.state()
      return (column: string) => state[STATE.indexOf(column)]!
    }
    step('INIT', 0n)
    return { replay, step }
  }

  test('a CPU cannot lose more ticks than have gone by: the rest is accounted later', () => {
    for (const [column, spent] of [
      ['steal_ticks', [60n * MS, 0n]],
      ['idle_ticks', [0n, 60n * MS]],
    ] as const) {
      const { step } = booted(100)
      let state = step('TICK', 25n * MS, ...spent)
      expect([state(column), state('sys_ticks')]).toEqual([2n, 0n])
      state = step('TICK', 35n * MS, ...spent)
      expect([state(column), state('sys_ticks')]).toEqual([3n, 0n])
      state = step('TICK', 95n * MS, ...spent)
      expect([state(column), state('sys_ticks')]).toEqual([6n, 3n])
    }
  })

  test('a timer expires at the first tick after its time, not at one on its time', () => {
    const { replay, step } = booted(100)
    step('NANOSLEEP_2S', 0n)
    step('TICK', 2_000n * MS)
    expect(replay.wakes).toBe(0)
    step('TICK', 2_010n * MS)
    expect(replay.wakes).toBe(1)
  })

  test.each([100, 250, 1000] as const)('durations in jiffies are rounded up, at %i Hz', (hz) => {
    booted(hz)
    const tick = TICK_NSEC[hz]
    const up = (a: bigint, b: bigint) => (a + b - 1n) / b
    // jiffies.h: the second's constant has as many fraction bits as let it use bit 31.
    const scale = { 100: 25n, 250: 24n, 1000: 22n }[hz]
    const sec = (s: bigint) => s * up(NS_PER_S << scale, tick)
    const fromNs = (ns: bigint) => {
      const rest = (ns % NS_PER_S) + tick - 1n
      return (sec(ns / NS_PER_S) + ((rest * up(1n << (scale + 29n), tick)) >> 29n)) >> scale
    }
    const fromUsec = (us: bigint) => {
      const rest = (us % MS) * up(1000n << (scale + 19n), tick) + (1n << (scale + 19n)) - 1n
      return (sec(us / MS) + (rest >> 19n)) >> scale
    }
    const check = (ns: bigint) => {
      const jiffies = lab.lab26_ns_to_jiffies(ns)
      expect(jiffies).toBe(fromNs(ns))
      expect(lab.lab26_usec_to_jiffies(ns / 1000n)).toBe(fromUsec(ns / 1000n))
      expect(jiffies >= up(ns, tick) && jiffies <= up(ns, tick) + 1n + ns / (NS_PER_S << 20n)).toBe(true)
    }
    for (const ns of [0n, 1n, tick, tick + 1n, NS_PER_S - 1n, NS_PER_S, 86_400n * NS_PER_S]) check(ns)
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 17n), check), { seed: 26, numRuns: 2000 })
  })
})
