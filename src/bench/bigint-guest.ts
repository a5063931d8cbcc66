/**
 * linux-2.6.18-xen on one vCPU of a Xen host, with BigInt: the interrupts of a CPU that is always busy or always
 * idle, as assembly/x86/xen.ts and assembly/model/linux-2-6-18-xen compute them. It is what a model without a
 * core would do for a tick, and no more: no sleepers, no stolen time, no dom0, one host.
 */
import { Counter, scaleDelta, TimePage, unscaleUp, xenTimeScale } from './bigint.js'

const MASK = (1n << 64n) - 1n
const NS = 1_000_000_000n
const NEVER = MASK
const CLOCK_TICK_RATE = 1_193_182n

const Slot = { calibration: 0, singleshot: 1, periodic: 2 } as const

/** nom/den with 8 fraction bits, rounded to nearest. */
const sh8 = (nom: bigint, den: bigint): bigint => ((nom / den) << 8n) + (((nom % den) << 8n) + den / 2n) / den

export interface Setting {
  readonly tscKhz: bigint
  /** ns since the host's boot at true time 0. */
  readonly uptime: bigint
  /** UTC at true time 0, ns. */
  readonly utc: bigint
  readonly hz: bigint
  readonly busy: boolean
}

export class BigIntGuest {
  // The host: true time, the TSC, and the stamp that links the TSC to system time.
  #now = 0n
  readonly #tsc: Counter
  readonly #mul: bigint
  readonly #shift: bigint
  #stampTsc: bigint
  #stampTime: bigint
  readonly #time = [NEVER, NEVER, NEVER]
  // The vCPU.
  readonly #page = new TimePage()
  #pageVersion = 0n
  #pageTime = -1n
  #deadline = 0n
  #lastPeriodic = 0n
  #blockedSince = 0n
  #blockedTime = 0n
  #running = true
  // The kernel: its copy of the page, jiffies, the wall clock, accounting, and the timers that always run.
  readonly #hz: bigint
  readonly #tick: bigint
  readonly #tickNsec: bigint
  readonly #busy: boolean
  #shadowTsc = 0n
  #shadowTime = 0n
  #processed: bigint
  #jiffies: bigint
  #xtime: bigint
  #latest = 0n
  #cpuProcessed: bigint
  #blockedTicks = 0n
  #systemTicks = 0n
  #blockedAccounted = 0n
  #watchdog: bigint
  #reapAt: bigint

  constructor({ tscKhz, uptime, utc, hz, busy }: Setting) {
    const scale = xenTimeScale(tscKhz * 1000n)
    this.#mul = scale.mul
    this.#shift = scale.shift
    this.#tsc = new Counter(0n, (uptime * tscKhz) / 1_000_000n, tscKhz * 10n ** 12n, 10n ** 18n)
    this.#stampTsc = this.#tsc.base
    this.#stampTime = uptime
    this.#hz = hz
    this.#tick = NS / hz
    this.#tickNsec = sh8(NS, sh8(CLOCK_TICK_RATE, (CLOCK_TICK_RATE + hz / 2n) / hz))
    this.#busy = busy
    this.#jiffies = BigInt.asUintN(32, -300n * hz)
    this.#watchdog = this.#jiffies
    this.#reapAt = this.#jiffies + hz
    this.#arm(Slot.calibration, NS)
    this.#publish()
    this.#refresh()
    this.#processed = uptime
    this.#cpuProcessed = uptime
    this.#xtime = utc
    this.#periodicWork()
    if (!busy) this.#idle()
  }

  /** Fires the events before true time `until`, then it is `until`. */
  run(until: bigint): void {
    while (true) {
      const slot = this.#first()
      if (this.#time[slot]! >= until) break
      this.#now = this.#time[slot]!
      this.#time[slot] = NEVER
      if (slot === Slot.calibration) this.#calibrate()
      else this.#interrupt(slot)
    }
    this.#now = until
  }

  get jiffies(): bigint {
    return this.#jiffies
  }

  /** monotonic_clock, ns. */
  sched(): bigint {
    return this.#shadowTime + this.#sinceShadow(this.#mul)
  }

  /** gettimeofday, ns of whole us. The page may be older than the last tick: rounded down, also below zero. */
  gettimeofday(): bigint {
    const us =
      this.#sinceShadow(this.#mul / 1000n) +
      ((this.#xtime % NS) / 1000n + ((this.#shadowTime - this.#processed + NS) / 1000n - NS / 1000n))
    const now = (this.#xtime / NS) * NS + us * 1000n
    if (now > this.#latest) this.#latest = now
    return this.#latest
  }

  // ---- Xen

  #first(): number {
    let first = 0
    for (let slot = 1; slot < 3; slot++) {
      if (this.#time[slot]! < this.#time[first]!) first = slot
    }
    return first
  }

  #arm(slot: number, time: bigint): void {
    this.#time[slot] = time
  }

  #systemTime(): bigint {
    return this.#stampTime + scaleDelta(this.#tsc.read(this.#now) - this.#stampTsc, this.#mul, this.#shift)
  }

  /** First true ns at which system time is `deadline`. */
  #when(deadline: bigint): bigint {
    if (deadline <= this.#systemTime()) return this.#now
    return this.#tsc.when(this.#stampTsc + unscaleUp(deadline - this.#stampTime, this.#mul, this.#shift))
  }

  #calibrate(): void {
    const time = this.#systemTime()
    this.#stampTsc = this.#tsc.read(this.#now)
    this.#stampTime = time
    if (this.#running) this.#publish()
    if (this.#time[Slot.singleshot] !== NEVER) this.#arm(Slot.singleshot, this.#when(this.#deadline))
    if (this.#time[Slot.periodic] !== NEVER)
      this.#arm(Slot.periodic, this.#when(this.#lastPeriodic + this.#tick))
    this.#arm(Slot.calibration, this.#now + NS)
  }

  #publish(): void {
    if (this.#pageTime === this.#stampTime) return
    this.#pageVersion += 2n
    this.#pageTime = this.#stampTime
    this.#page.write(this.#pageVersion, this.#stampTsc, this.#stampTime, this.#mul, this.#shift, 0n)
  }

  #periodicWork(): void {
    const now = this.#systemTime()
    if (now - this.#lastPeriodic >= this.#tick) this.#lastPeriodic = now
    this.#arm(Slot.periodic, this.#when(this.#lastPeriodic + this.#tick))
  }

  #interrupt(slot: number): void {
    if (slot === Slot.periodic) this.#periodicWork()
    if (!this.#running) {
      this.#blockedTime += this.#systemTime() - this.#blockedSince
      this.#running = true
      this.#publish()
      this.#periodicWork()
    }
    this.#timerInterrupt()
    if (!this.#busy) this.#idle()
  }

  #block(): void {
    this.#time[Slot.periodic] = NEVER
    this.#blockedSince = this.#systemTime()
    this.#running = false
  }

  // ---- the kernel

  #sinceShadow(mul: bigint): bigint {
    return scaleDelta(this.#tsc.read(this.#now) - this.#shadowTsc, mul, this.#shift)
  }

  #refresh(): void {
    this.#shadowTsc = this.#page.stamp
    this.#shadowTime = this.#page.time
  }

  #timerInterrupt(): void {
    this.#refresh()
    const now = this.sched()
    const deltaCpu = now - this.#cpuProcessed
    const ticks = (now - this.#processed) / this.#tick
    if (ticks > 0n) {
      this.#processed += ticks * this.#tick
      this.#jiffies += ticks
      this.#xtime += ticks * this.#tickNsec
    }
    this.#account(deltaCpu)
    if (this.#jiffies - this.#watchdog > this.#hz) this.#watchdog = this.#jiffies
    if (this.#jiffies >= this.#reapAt) this.#reapAt = this.#jiffies + 2n * this.#hz
  }

  #account(delta: bigint): void {
    let left = delta
    let blocked = this.#blockedTime - this.#blockedAccounted
    if (blocked > 0n && left > 0n) {
      left -= blocked
      if (left < 0n) blocked += left
      blocked /= this.#tick
      this.#blockedAccounted += blocked * this.#tick
      this.#cpuProcessed += blocked * this.#tick
      this.#blockedTicks += blocked
    }
    if (left > 0n) {
      this.#cpuProcessed += (left / this.#tick) * this.#tick
      this.#systemTicks += left / this.#tick
    }
  }

  #idle(): void {
    const watchdogNext = this.#watchdog + this.#hz > this.#jiffies ? this.#watchdog + this.#hz : this.#jiffies
    const next = watchdogNext < this.#reapAt ? watchdogNext : this.#reapAt
    const ahead = next > this.#jiffies ? next - this.#jiffies : 1n
    this.#deadline = this.#processed + ahead * this.#tick + this.#tick / 2n
    this.#arm(Slot.singleshot, this.#when(this.#deadline))
    this.#block()
  }
}
