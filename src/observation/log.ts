/**
 * What a guest saw and did, in the order in which it happened: the records that the core's observation ring
 * gave out (assembly/observe.ts), kept as columns so that millions of them stay cheap.
 */

import type { ReadClock } from '../scenario/types.js'

/** Record kinds; the numbers are the core's SEEN_*. */
export const Seen = {
  /** A reader read a clock: index reader, value the clock, extra the clock id. */
  read: 1,
  /** A process fell asleep: index sleeper, value duration ns, extra expiry on its clock. */
  sleep: 2,
  /** It was woken: index sleeper, value true ns since it fell asleep, extra how much of that the guest stood still. */
  wake: 3,
  /** More than one tick in one timer interrupt: index vCPU, value ticks. */
  ticks: 4,
  /** "Time went backwards": index vCPU, value s64 ns, extra s64 ns for the CPU. */
  backwards: 5,
  /** The kernel itself moved CLOCK_REALTIME: value s64 ns. */
  clockSet: 6,
  /** "BUG: soft lockup": index vCPU, value ns. */
  softLockup: 7,
  /** GUEST_STOPPED was seen and the watchdogs touched: index vCPU. */
  watchdogTouched: 8,
  boot: 10,
  stop: 11,
  /** value: true ns stopped. */
  resume: 12,
  /** dom0 told the hypervisor the time: value secs, extra nsecs. */
  settime: 13,
  /** dom0 wrote the CMOS clock: value secs. */
  setRtc: 14,
  /** The guest noticed that its timebase is not what it was told: value measured Hz, extra Hz told. */
  frequencyError: 15,
  /** More cycles since its last update than the clocksource allows: value ns they are worth, extra ns allowed. */
  cycleOffset: 16,
} as const

/** Guest clocks by name; the numbers are the core's CLOCK_*. `uptime` is /proc/uptime, which is CLOCK_BOOTTIME. */
export const clockIds: Readonly<Record<ReadClock, number>> = {
  realtime: 0,
  monotonic: 1,
  boottime: 2,
  'monotonic-raw': 3,
  gettimeofday: 4,
  counter: 5,
  sched: 6,
  steal: 7,
  jiffies: 8,
  reference: 9,
  'reference-page': 10,
  uptime: 2,
}

export interface Observation {
  readonly trueNs: bigint
  readonly kind: number
  readonly index: number
  /** Signed where the kind says so. */
  readonly value: bigint
  readonly extra: bigint
  /** True ns that the guest has spent stopped since its boot. */
  readonly stoppedNs: bigint
}

/** Of a record in the core's layout. */
export const RECORD_BYTES = 40

/** Append-only columns of observations. Times are true ns as bigint. */
export class ObservationLog {
  #capacity = 1024
  #length = 0
  #trueNs = new BigInt64Array(this.#capacity)
  #value = new BigInt64Array(this.#capacity)
  #extra = new BigInt64Array(this.#capacity)
  #stoppedNs = new BigInt64Array(this.#capacity)
  #kind = new Uint8Array(this.#capacity)
  #index = new Uint16Array(this.#capacity)

  get length(): number {
    return this.#length
  }

  /** Takes `count` records in the core's byte layout, `view` at the first of them. */
  append(view: DataView, count: number): void {
    this.#reserve(this.#length + count)
    for (let i = 0, at = 0; i < count; i++, at += RECORD_BYTES) {
      const n = this.#length++
      this.#trueNs[n] = view.getBigInt64(at, true)
      this.#kind[n] = view.getUint32(at + 8, true)
      this.#index[n] = view.getUint32(at + 12, true)
      this.#value[n] = view.getBigInt64(at + 16, true)
      this.#extra[n] = view.getBigInt64(at + 24, true)
      this.#stoppedNs[n] = view.getBigInt64(at + 32, true)
    }
  }

  add({ trueNs, kind, index, value, extra, stoppedNs }: Observation): void {
    this.#reserve(this.#length + 1)
    const n = this.#length++
    this.#trueNs[n] = trueNs
    this.#kind[n] = kind
    this.#index[n] = index
    this.#value[n] = value
    this.#extra[n] = extra
    this.#stoppedNs[n] = stoppedNs
  }

  clone(): ObservationLog {
    const copy = new ObservationLog()
    copy.append(new DataView(this.records().buffer), this.#length)
    return copy
  }

  /** All of them from the `from`th on, in the core's byte layout, as `append` takes them. */
  records(from = 0): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array((this.#length - from) * RECORD_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = from, at = 0; i < this.#length; i++, at += RECORD_BYTES) {
      view.setBigInt64(at, this.#trueNs[i]!, true)
      view.setUint32(at + 8, this.#kind[i]!, true)
      view.setUint32(at + 12, this.#index[i]!, true)
      view.setBigInt64(at + 16, this.#value[i]!, true)
      view.setBigInt64(at + 24, this.#extra[i]!, true)
      view.setBigInt64(at + 32, this.#stoppedNs[i]!, true)
    }
    return bytes
  }

  trueNs(i: number): bigint {
    return this.#trueNs[i]!
  }
  kind(i: number): number {
    return this.#kind[i]!
  }
  index(i: number): number {
    return this.#index[i]!
  }
  value(i: number): bigint {
    return this.#value[i]!
  }
  extra(i: number): bigint {
    return this.#extra[i]!
  }
  stoppedNs(i: number): bigint {
    return this.#stoppedNs[i]!
  }

  at(i: number): Observation {
    return {
      trueNs: this.trueNs(i),
      kind: this.kind(i),
      index: this.index(i),
      value: this.value(i),
      extra: this.extra(i),
      stoppedNs: this.stoppedNs(i),
    }
  }

  /** All observations, or those of one kind. */
  *all(kind?: number): Generator<Observation> {
    for (let i = 0; i < this.#length; i++) if (kind === undefined || this.#kind[i] === kind) yield this.at(i)
  }

  #reserve(length: number): void {
    if (length <= this.#capacity) return
    while (this.#capacity < length) this.#capacity *= 2
    const grow = <T extends { set(from: T): void }>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.#trueNs = grow(new BigInt64Array(this.#capacity), this.#trueNs)
    this.#value = grow(new BigInt64Array(this.#capacity), this.#value)
    this.#extra = grow(new BigInt64Array(this.#capacity), this.#extra)
    this.#stoppedNs = grow(new BigInt64Array(this.#capacity), this.#stoppedNs)
    this.#kind = grow(new Uint8Array(this.#capacity), this.#kind)
    this.#index = grow(new Uint16Array(this.#capacity), this.#index)
  }
}
