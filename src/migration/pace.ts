/** Lets a world's true time pass in slices, so that a process that simulates still answers; or no faster than real time. */
import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import type { World } from '../world/index.js'
import { realMs } from './real.js'

const SHORT_MS = 5
const LONG_MS = 20
const LEAST_NS = 1_000_000n
/** Paced: how much of real time one slice is. */
const PACED_NS = 20_000_000n

/** Ties true time to real time from an instant on. */
export class Pace {
  readonly #fromNs: bigint
  readonly #fromMs = realMs()

  constructor(fromNs: bigint) {
    this.#fromNs = fromNs
  }

  /** Resolves when real time has come to true time `ns`. */
  async reach(ns: bigint): Promise<void> {
    const dueMs = this.#fromMs + Number(ns - this.#fromNs) / 1e6
    const left = dueMs - realMs()
    if (left > 0) await wait(left)
  }
}

/** The world reaches `untilNs`, what happens then included: the same bits as in one go. */
export async function runOn(world: World, untilNs: bigint, pace: Pace | null): Promise<void> {
  let stride = pace ? PACED_NS : LEAST_NS
  while (world.nowNs < untilNs) {
    const next = world.nowNs + stride < untilNs ? world.nowNs + stride : untilNs
    await pace?.reach(next)
    const began = realMs()
    world.runUntil(next)
    const took = realMs() - began
    if (!pace && took < SHORT_MS) stride *= 2n
    else if (!pace && took > LONG_MS && stride > LEAST_NS) stride /= 2n
    await setImmediate()
  }
  world.runUntil(untilNs)
}
