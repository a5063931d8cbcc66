/** The source's memory on its way: rounds of pages while the guest runs on, then the rest of them while it stands still. */
import { type CopiedMemory, PAGE, type Run, sparse } from '../core/sparse.js'
import { RECORD_BYTES } from '../observation/log.js'
import { textBytes } from '../snapshot/code.js'
import type { World } from '../world/index.js'
import type { Channel } from './channel.js'
import { MigrationError } from './error.js'
import { type Pace, runOn } from './pace.js'
import {
  batches,
  type CopyLimits,
  enough,
  pageCount,
  type Round,
  sendingNs,
  Throttle,
  wireBytes,
} from './precopy.js'
import { bodyOf, encodePages, encodeRound, type PageRun, readRoundDone } from './records.js'

/** Records of one LOG, and characters of one TEXT. */
const LOG_RECORDS = 16_384
const TEXT_CHARACTERS = 1 << 20

export interface Copying {
  readonly world: World
  readonly guest: string
  readonly channel: Channel
  readonly limits: CopyLimits
  readonly pace: Pace | null
  readonly onRound?: (round: Round) => void
}

export class MemoryCopy {
  readonly #on: Copying
  readonly #throttle = new Throttle()
  /** When the guest was kept from running. */
  readonly steals: (readonly [atNs: bigint, forNs: bigint])[] = []
  readonly rounds: Round[] = []
  #observations = 0
  #printed = 0

  constructor(on: Copying) {
    this.#on = on
  }

  /** Of what the guest has seen, what has been sent. */
  get observations(): number {
    return this.#observations
  }

  /** Rounds until the rest fits. */
  async untilSmall(): Promise<void> {
    const { limits, onRound } = this.#on
    // To begin with, all that is not zero is dirty.
    let runs: readonly Run[] = sparse(this.#machine.guestMemory).runs
    for (;;) {
      this.#machine.cleanPages()
      const round = await this.#round(runs)
      this.rounds.push(round)
      onRound?.(round)
      if (enough(round, limits)) return
      if (limits.autoConverge) this.#throttle.after(round)
      runs = this.#machine.dirtyPages()
    }
  }

  /** The machine that has the guest; throws MigrationError where it has gone. */
  get #machine(): CopiedMemory {
    const guest = this.#on.world.resident(this.#on.guest)
    const why = guest.unsavable
    if (why)
      throw new MigrationError(`guest ${this.#on.guest}`, null, `it ${why}; expected one that can be moved`)
    return guest.machine!
  }

  async #round(runs: readonly Run[]): Promise<Round> {
    const { channel, world, limits } = this.#on
    const number = this.rounds.length
    const beginNs = world.nowNs
    const pages = pageCount(runs)
    await this.sendPages(runs)
    await this.sendLog()
    await channel.send('ROUND', encodeRound(number, pages))
    const done = readRoundDone(bodyOf(await channel.receive('ROUND_DONE'), channel.peer))
    if (done !== number)
      throw new MigrationError(channel.peer, null, `it has done round ${done}; expected round ${number}`)
    const bytes = wireBytes(runs)
    const endNs = beginNs + sendingNs(bytes, limits)
    const throttle = this.#throttle.percent
    await this.#run(endNs)
    const dirty = this.#machine.dirtyPages()
    const expectedDowntimeNs = sendingNs(wireBytes(dirty), limits)
    return {
      number,
      pages,
      bytes,
      beginNs,
      endNs,
      dirtyPages: pageCount(dirty),
      expectedDowntimeNs,
      throttle,
    }
  }

  async #run(untilNs: bigint): Promise<void> {
    const { world, guest, pace } = this.#on
    for (const [atNs, forNs] of this.#throttle.steals(world.nowNs, untilNs)) {
      await runOn(world, atNs, pace)
      stealAll(world, guest, true)
      await runOn(world, atNs + forNs, pace)
      stealAll(world, guest, false)
      this.steals.push([atNs, forNs])
    }
    await runOn(world, untilNs, pace)
  }

  async sendPages(runs: readonly Run[]): Promise<void> {
    const machine = this.#machineNow
    for (const batch of batches(runs)) {
      const table = batch.map(
        ({ at, bytes }): PageRun => ({
          page: at / PAGE,
          pages: bytes.length / PAGE,
          hash: machine.memoryHash(at, bytes.length),
        }),
      )
      await this.#on.channel.send(
        'PAGES',
        encodePages(table),
        batch.map(({ bytes }) => bytes),
      )
    }
  }

  /** Also while the guest stands still. */
  get #machineNow(): CopiedMemory {
    return this.#on.world.resident(this.#on.guest).machine!
  }

  /** What the guest has seen, and printed, since the last time. */
  async sendLog(): Promise<void> {
    const { log, printed } = this.#on.world.resident(this.#on.guest)
    const bytes = log.records(this.#observations)
    this.#observations = log.length
    for (let at = 0; at < bytes.length; at += LOG_RECORDS * RECORD_BYTES)
      await this.#on.channel.send('LOG', bytes.subarray(at, at + LOG_RECORDS * RECORD_BYTES))
    for (; this.#printed < printed.length; this.#printed += TEXT_CHARACTERS) {
      const text = printed.slice(this.#printed, this.#printed + TEXT_CHARACTERS)
      await this.#on.channel.send('TEXT', textBytes(text))
    }
    this.#printed = printed.length
  }
}

/** The host takes all of the guest's CPUs away, or gives them back. */
export function stealAll(world: World, guest: string, taken: boolean): void {
  const resident = world.resident(guest)
  for (let cpu = 0; cpu < resident.spec.vcpus; cpu++) resident.steal(cpu, taken)
}
