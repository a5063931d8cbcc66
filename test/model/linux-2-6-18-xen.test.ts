import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Build, builds } from '../helpers/core.js'
import { readVectors, type VectorRow } from '../helpers/vectors.js'

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

describe.each(builds)('linux-2.6.18-xen, %s build', (build) => {
  const lab = load(build)

  test.each([
    [100, 19_363],
    [250, 48_200],
  ])('is in the state of the real kernel after every operation, HZ=%i', (hz, count) => {
    const rows = readVectors(`guest26_hz${hz}`)
    expect(rows.length).toBe(count)
    for (const scenario of ['0', '1', '2', '3', '4', '5', '6', '7']) {
      const part = rows.filter((row) => row.text('scenario') === scenario)
      const { wrong, replay } = replayScenario(lab, hz, part)
      expect(wrong.slice(0, 3)).toEqual([])
      expect(replay.wakes).toBe(1)
    }
  })
})
