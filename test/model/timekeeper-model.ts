/**
 * Linux' timekeeper once more, with integers of any size and the loops of the original: what the core does by
 * division and in 64 bits is done here tick by doubled tick, as kernel/time/timekeeping.c does it.
 */
import { s64, u64 } from '../helpers/core.js'

const SECOND = 1_000_000_000n

const log2 = (x: bigint) => BigInt(x.toString(2).length - 1)
const maximum = (a: bigint, b: bigint) => (a > b ? a : b)
const minimum = (a: bigint, b: bigint) => (a < b ? a : b)

/** clocks_calc_mult_shift by its purpose: the largest shift whose mult leaves room for max_seconds. */
export function multShift(from: bigint, to: bigint, maxSeconds: bigint): { mult: bigint; shift: bigint } {
  for (let shift = 32n; shift > 0n; shift--) {
    const mult = ((to << shift) + from / 2n) / from
    if (
      mult * ((maxSeconds * from) >> 32n === 0n ? 1n : 1n << (log2((maxSeconds * from) >> 32n) + 1n)) <
      1n << 32n
    )
      return { mult, shift }
  }
  throw new Error('no shift')
}

export interface Clocksource {
  freq: bigint
  scale: bigint
  checked: boolean
}

export class TimekeeperModel {
  sec: bigint
  nsec: bigint
  rawSec = 0n
  rawNsec = 0n
  wtm: bigint
  boot = 0n
  mult = 0n
  clockMult = 0n
  shift = 0n
  maxCycles = 0n
  maxIdle = 0n
  maxDelta = 0n
  last = 0n
  interval = 0n
  xtimeInterval = 0n
  rawInterval = 0n
  remainder = 0n
  ntpTick = 0n
  tickLength: bigint
  ntpError = 0n
  errMult = 0n
  suspended = false
  suspendTime = 0n
  oldDelta = 0n

  constructor(
    clock: Clocksource,
    readonly hz: bigint,
    cycles: bigint,
    wall: bigint,
  ) {
    this.tickLength = (SECOND << 32n) / hz
    this.sec = wall / SECOND
    this.nsec = 0n
    this.wtm = -wall
    this.setup(clock, cycles)
    this.nsec = (wall % SECOND) << this.shift
  }

  setup(clock: Clocksource, cycles: bigint): void {
    let { mult, shift } = multShift(clock.freq, SECOND / clock.scale, 600n * clock.scale)
    while (mult + (mult * 11n) / 100n >= 1n << 32n) {
      mult >>= 1n
      shift--
    }
    const adjust = (mult * 11n) / 100n
    const change = shift - this.shift
    this.nsec = change < 0n ? this.nsec >> -change : this.nsec << change
    this.rawNsec = change < 0n ? this.rawNsec >> -change : this.rawNsec << change
    this.clockMult = mult
    this.mult = mult
    this.shift = shift
    this.maxCycles = ((1n << 64n) - 1n) / (mult + adjust)
    this.maxIdle = ((this.maxCycles * (mult - adjust)) >> shift) >> 1n
    const mask = (1n << 64n) - 1n
    this.maxDelta = clock.checked ? (mask >> 1n) + (mask >> 2n) + (mask >> 3n) : mask
    this.last = cycles
    const length = (SECOND / this.hz) << shift
    this.interval = maximum((length + mult / 2n) / mult, 1n)
    this.xtimeInterval = this.interval * mult
    this.rawInterval = this.xtimeInterval
    this.remainder = length - this.xtimeInterval
    this.ntpTick = length << (32n - shift)
    this.ntpError = 0n
    this.errMult = 0n
  }

  #cyclesToNs(cycles: bigint, mult: bigint, nsec: bigint): bigint {
    const delta = u64(cycles - this.last)
    return (delta >> 63n ? nsec : delta * mult + nsec) >> this.shift
  }

  realtime(cycles: bigint): bigint {
    return this.sec * SECOND + this.#cyclesToNs(cycles, this.mult, this.nsec)
  }
  monotonic(cycles: bigint): bigint {
    return this.realtime(cycles) + this.wtm
  }
  raw(cycles: bigint): bigint {
    return this.rawSec * SECOND + this.#cyclesToNs(cycles, this.clockMult, this.rawNsec)
  }

  #delta(cycles: bigint): bigint {
    const delta = u64(cycles - this.last)
    return delta <= this.maxDelta ? delta : 0n
  }

  #normalize(): void {
    const second = SECOND << this.shift
    while (this.nsec >= second) {
      this.nsec -= second
      this.sec++
    }
    while (this.rawNsec >= second) {
      this.rawNsec -= second
      this.rawSec++
    }
  }

  #forward(cycles: bigint): void {
    let delta = this.#delta(cycles)
    this.last = cycles
    while (delta > 0n) {
      const part = minimum(delta, this.maxCycles)
      this.nsec += part * this.mult
      this.rawNsec += part * this.clockMult
      this.#normalize()
      delta -= part
    }
  }

  advance(cycles: bigint, always: boolean): void {
    if (this.suspended) return
    let offset = this.#delta(cycles)
    if (offset < this.interval && !always) return
    let shift = maximum((offset === 0n ? -1n : log2(offset)) - log2(this.interval), 0n)
    shift = minimum(shift, 64n - (log2(this.tickLength) + 1n) - 1n)
    while (offset >= this.interval) {
      if (offset >= this.interval << shift) {
        offset -= this.interval << shift
        this.last = u64(this.last + (this.interval << shift))
        this.nsec += this.xtimeInterval << shift
        this.rawNsec += this.rawInterval << shift
        this.#normalize()
        const error = this.ntpError + (this.ntpTick << shift)
        this.ntpError = s64(error - ((this.xtimeInterval + this.remainder) << (32n - this.shift + shift)))
      }
      if (offset < this.interval << shift) shift--
    }
    let mult = this.mult - this.errMult
    if (this.ntpTick !== this.tickLength) {
      this.ntpTick = this.tickLength
      mult = ((this.ntpTick >> (32n - this.shift)) - this.remainder) / this.interval
    }
    this.errMult = this.ntpError > 0n ? 1n : 0n
    const change = mult + this.errMult - this.mult
    this.mult += change
    this.xtimeInterval += this.interval * change
    this.nsec -= offset * change
    if (this.nsec < 0n) {
      this.nsec += SECOND << this.shift
      this.sec--
    }
    this.#normalize()
  }

  settime(ns: bigint, cycles: bigint): boolean {
    this.#forward(cycles)
    this.ntpError = 0n
    const step = ns - (this.sec * SECOND + (this.nsec >> this.shift))
    if (this.wtm > step) return false
    this.wtm -= step
    this.sec = ns / SECOND
    this.nsec = (ns % SECOND) << this.shift
    return true
  }

  adjust(ppb: bigint, cycles: bigint): void {
    const bounded = maximum(minimum(ppb, 500_000n), -500_000n)
    const scaled = ((bounded * 65536n) / 1000n) * (1000n << 16n)
    this.tickLength = ((SECOND << 32n) + scaled) / this.hz
    this.advance(cycles, true)
  }

  suspend(cycles: bigint, persistent: bigint): void {
    this.suspendTime = persistent
    this.#forward(cycles)
    this.suspended = true
    const delta = this.sec * SECOND + (this.nsec >> this.shift) - persistent
    const change = delta - this.oldDelta
    const seconds = change >= 0n ? change / SECOND : -((-change + SECOND - 1n) / SECOND)
    if (seconds >= 2n || seconds <= -2n) this.oldDelta = delta
    else this.suspendTime += change
  }

  resume(cycles: bigint, persistent: bigint): bigint {
    const slept = maximum(persistent - this.suspendTime, 0n)
    this.sec += slept / SECOND
    this.nsec += (slept % SECOND) << this.shift
    this.#normalize()
    this.wtm -= slept
    this.boot += slept
    this.last = cycles
    this.ntpError = 0n
    this.suspended = false
    return slept
  }
}
