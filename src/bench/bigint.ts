/** The other side of the comparison: the same arithmetic with BigInt, written as one would without a core. */

const MASK = (1n << 64n) - 1n

/** Linux asm/pvclock.h pvclock_scale_delta. */
export function scaleDelta(delta: bigint, mul: bigint, shift: bigint): bigint {
  const shifted = shift < 0n ? delta >> -shift : (delta << shift) & MASK
  return ((shifted * mul) >> 32n) & MASK
}

/** The least delta with scaleDelta(delta, mul, shift) >= ns. */
export function unscaleUp(ns: bigint, mul: bigint, shift: bigint): bigint {
  const shifted = ((ns << 32n) + mul - 1n) / mul
  return shift < 0n ? shifted << -shift : (shifted + (1n << shift) - 1n) >> shift
}

/** Xen's scale for ticks of `hz` to ns (arch/x86/time.c set_time_scale). */
export function xenTimeScale(hz: bigint): { mul: bigint; shift: bigint } {
  let ticks = hz
  let shift = 0n
  for (; ticks > 2_000_000_000n; shift--) ticks >>= 1n
  for (; ticks <= 1_000_000_000n; shift++) ticks <<= 1n
  return { mul: (1_000_000_000n << 32n) / ticks, shift }
}

/** A vcpu_time_info page in memory, in its real layout, read under its version protocol. */
export class TimePage {
  readonly #view = new DataView(new ArrayBuffer(32))

  write(version: bigint, stamp: bigint, time: bigint, mul: bigint, shift: bigint, flags: bigint): void {
    const view = this.#view
    view.setUint32(0, Number(version), true)
    view.setBigUint64(8, stamp, true)
    view.setBigUint64(16, time, true)
    view.setUint32(24, Number(mul), true)
    view.setInt8(28, Number(shift))
    view.setUint8(29, Number(flags))
  }

  setVersion(version: bigint): void {
    this.#view.setUint32(0, Number(version), true)
  }

  get stamp(): bigint {
    return this.#view.getBigUint64(8, true)
  }

  get time(): bigint {
    return this.#view.getBigUint64(16, true)
  }

  /** The page's time in ns at `tsc`. */
  read(tsc: bigint): bigint {
    const view = this.#view
    const delta = (tsc - this.stamp) & MASK
    const mul = BigInt(view.getUint32(24, true))
    const shift = BigInt(view.getInt8(28))
    return (this.time + scaleDelta(delta, mul, shift)) & MASK
  }
}

/** An exact rational counter: base + floor((t - t0) * num / den), mod 2^64. */
export class Counter {
  constructor(
    readonly t0: bigint,
    readonly base: bigint,
    readonly num: bigint,
    readonly den: bigint,
  ) {}

  read(t: bigint): bigint {
    return (this.base + ((t - this.t0) * this.num) / this.den) & MASK
  }

  /** The first t at which it reads `value` or more, for a value ahead of it. */
  when(value: bigint): bigint {
    return this.t0 + ((value - this.base) * this.den + this.num - 1n) / this.num
  }
}

interface Event {
  readonly time: bigint
  readonly reader: number
}

function earlier(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.reader < b.reader)
}

/** Readers of a clock, each at instants from + k * every, fired in the order of (time, reader). */
export class ReaderQueue {
  readonly #heap: Event[] = []

  constructor(readonly readers: readonly { readonly from: bigint; readonly every: bigint }[]) {
    for (let reader = 0; reader < readers.length; reader++) this.#arm(reader, 0n)
  }

  /** Fires what is due before `until`. */
  run(until: bigint, fired?: (time: bigint, reader: number) => void): void {
    const heap = this.#heap
    while (heap.length > 0 && heap[0]!.time < until) {
      const { time, reader } = heap[0]!
      const last = heap.pop()!
      if (heap.length > 0) this.#siftDown(last)
      this.#arm(reader, time + 1n)
      fired?.(time, reader)
    }
  }

  #arm(reader: number, now: bigint): void {
    const { from, every } = this.readers[reader]!
    const time = from >= now ? from : from + ((now - from + every - 1n) / every) * every
    this.#heap.push({ time, reader })
    this.#siftUp()
  }

  #siftUp(): void {
    const heap = this.#heap
    let index = heap.length - 1
    const event = heap[index]!
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!earlier(event, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = event
  }

  #siftDown(event: Event): void {
    const heap = this.#heap
    let index = 0
    while (true) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++
      if (!earlier(heap[child]!, event)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = event
  }
}
