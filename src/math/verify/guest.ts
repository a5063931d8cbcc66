/**
 * Recordings of a Linux 2.6.18-xen guest, replayed through the kernel model: before each operation the hypervisor's
 * part is laid into the guest's memory as the row has it, then the kernel runs, then all of its clocks are compared.
 * test/data/README.md describes operations and columns.
 */
import { MathCore, type MathExports } from '../core.js'
import { MathError, NS_PER_S, signed } from '../limits.js'
import { type Answer, type Line, LineVerifier } from './lines.js'
import type { Header } from './result.js'

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

/** The model's hooks: assembly/model/lab-2-6-18.ts. */
interface GuestLab extends MathExports {
  lab26_runstate(runnable: bigint, blocked: bigint, offline: bigint, entry: bigint): void
  lab26_boot(): void
  lab26_tick(): void
  lab26_resume(): void
  lab26_gettimeofday(): bigint
  lab26_nanosleep(): bigint
  lab26_softirq_time(): bigint
  lab26_jiffies_to_st(ahead: bigint): bigint
  lab26_state(out: number): void
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

// assembly/layout.ts, assembly/observe.ts and Xen's public/xen.h for x86-64.
const HYPERVISOR_XEN = 1
const PROGRAM_LINUX_2_6_18_XEN = 1
const CLOCK_MONOTONIC = 1
const COUNTER_TSC = 0
const SEEN = { wake: 3, backwards: 5 }
const SHARED_INFO = 0x1000
const VCPU_TIME_INFO = 32
const WALL_CLOCK = 3072
const GUEST_MEMORY = 0x100000

/** One vCPU of a 64-bit guest, and a host whose TSC the rows set. */
class GuestReplay {
  readonly #lab = new MathCore().exports as GuestLab
  readonly #view: DataView
  #booted = false
  #warnings = 0
  #wakes = 0

  constructor(hz: bigint) {
    const lab = this.#lab
    lab.machine_init(0n)
    lab.host_configure(HYPERVISOR_XEN, 2_400_000, 0, 48, 1, 1, 0, 0, 0n)
    lab.guest_configure(PROGRAM_LINUX_2_6_18_XEN, 1, 1, 0, 0, Number(hz), 0, 0, 0, 1, GUEST_MEMORY)
    lab.workload_add_sleeper(CLOCK_MONOTONIC, 0, 0n, 2n * NS_PER_S, 0, 0n)
    this.#view = new DataView(lab.memory.buffer)
  }

  answer(line: Line): Answer {
    this.#hypervisor(line)
    const result = this.#operation(line)
    this.#drain()
    return [
      ...STATE.map((column, i) => [column, `${this.#booted ? this.#state(i) : 0n}`] as const),
      ['backwards_warnings', `${this.#warnings}`],
      ['result', result],
      // The tick before it has woken the process.
      ['op', line.field('op') === 'WOKE' && this.#wakes !== 1 ? 'still asleep' : line.field('op')],
    ]
  }

  #hypervisor(line: Line): void {
    const info = this.#lab.address_guest_memory() + SHARED_INFO
    const time = info + VCPU_TIME_INFO
    const [version, stamp, system, mul, shift, ...wall] = INPUTS.map((column) => line.integer(column))
    this.#view.setUint32(time, Number(version), true)
    this.#view.setBigUint64(time + 8, stamp!, true)
    this.#view.setBigUint64(time + 16, system!, true)
    this.#view.setUint32(time + 24, Number(mul), true)
    this.#view.setInt8(time + 28, Number(shift))
    for (const [i, value] of wall.entries())
      this.#view.setUint32(info + WALL_CLOCK + 4 * i, Number(value), true)
    const [runnable, blocked, offline, entry] = RUNSTATE.map((column) => line.integer(column))
    this.#lab.lab26_runstate(runnable!, blocked!, offline!, entry!)
    this.#lab.host_set_counter(COUNTER_TSC, line.integer('tsc'), 0n, 1n)
  }

  /** Runs the row's operation; returns what the result column would hold. */
  #operation(line: Line): string {
    const lab = this.#lab
    const softirq = () => `${signed(lab.lab26_softirq_time())}`
    switch (line.field('op')) {
      case 'INIT':
        lab.lab26_boot()
        this.#booted = true
        return ''
      case 'TICK':
        lab.lab26_tick()
        return ''
      case 'RESUME':
        lab.lab26_resume()
        return ''
      case 'GTOD': {
        const ns = lab.lab26_gettimeofday()
        return `${ns / NS_PER_S};${(ns % NS_PER_S) / 1000n};${softirq()}`
      }
      case 'NANOSLEEP_2S':
        return `expires=${lab.lab26_nanosleep()}`
      case 'WOKE':
        return `softirq=${softirq()}`
      case 'JIFFIES_TO_ST': {
        const ahead = line.field('result').match(/^j_minus_jiffies=(-?\d{1,19});/)?.[1]
        if (ahead === undefined) throw line.refuse('result', 'j_minus_jiffies=…;st=…')
        return `j_minus_jiffies=${ahead};st=${lab.lab26_jiffies_to_st(BigInt(ahead))}`
      }
      default:
        return ''
    }
  }

  /** Counts the kernel's warnings and wakes, and empties the ring. */
  #drain(): void {
    const ring = this.#lab.address_ring()
    const count = this.#view.getUint32(ring, true)
    for (let i = 0; i < count; i++) {
      const kind = this.#view.getUint32(this.#lab.address_records() + i * this.#lab.record_size() + 8, true)
      if (kind === SEEN.backwards) this.#warnings++
      if (kind === SEEN.wake) this.#wakes++
    }
    this.#view.setUint32(ring, 0, true)
  }

  #state(word: number): bigint {
    const out = this.#lab.address_call()
    if (word === 0) this.#lab.lab26_state(out)
    return this.#view.getBigInt64(out + 8 * word, true)
  }
}

/** Each scenario of a recording is a guest of its own. The first lines wait until the kernel's HZ shows. */
export function guestVerifier(header: Header): LineVerifier {
  let waiting: Line[] | null = []
  let hz = 0n
  let scenario = ''
  let replay: GuestReplay | null = null
  const run = (line: Line, answered: (line: Line, answer: Answer) => void) => {
    if (replay === null || line.field('scenario') !== scenario) replay = new GuestReplay(hz)
    scenario = line.field('scenario')
    answered(line, replay.answer(line))
  }
  let last: (line: Line, answer: Answer) => void = () => {}
  const release = () => {
    const lines = waiting ?? []
    waiting = null
    if (lines.length > 0 && hz === 0n)
      throw new MathError(`${header.file}: no row shows the kernel’s HZ: ${HZ_RULE}`)
    for (const line of lines) run(line, last)
  }
  return new LineVerifier(
    header,
    (line, answered) => {
      if (!OPERATIONS.includes(line.field('op'))) throw line.refuse('op', `one of ${OPERATIONS.join(', ')}`)
      last = answered
      if (waiting === null) return run(line, answered)
      hz = hzBetween(waiting.at(-1), line)
      waiting.push(line)
      if (hz !== 0n) release()
    },
    () => release(),
  )
}

const HZ_RULE = 'expected a TICK that moves jiffies_rel and processed_system_time as 100, 250 or 1000 Hz do'

/** A jiffy takes 1/HZ of the time that is processed; 0 if the two rows do not show it. */
function hzBetween(before: Line | undefined, line: Line): bigint {
  if (
    before === undefined ||
    line.field('op') !== 'TICK' ||
    line.field('scenario') !== before.field('scenario')
  )
    return 0n
  const by = (column: string) => line.integer(column) - before.integer(column)
  const [jiffies, processed] = [by('jiffies_rel'), by('processed_system_time')]
  return HZ.find((hz) => jiffies > 0n && jiffies * NS_PER_S === processed * hz) ?? 0n
}
