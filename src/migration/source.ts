/**
 * The source's side of a live migration: memory first, while the guest runs on; then the guest is stopped, the rest is
 * sent, and the hand-over of handover.ts decides who has it. What its steps mean here:
 *
 *   run    the guest goes on here, as after a pause, to the scenario's end
 *   ask    a new connection, and the question; again and again up to a limit, then an operator has to decide
 */
import type { ClockPolicy } from '../policy/index.js'
import { guestSections, saveSnapshot } from '../snapshot/guest.js'
import { encodeBody } from '../snapshot/write.js'
import type { RunResult, SavedWorld, World } from '../world/index.js'
import { ask } from './ask.js'
import { Channel } from './channel.js'
import { connect } from './connect.js'
import { type Copying, MemoryCopy } from './copy.js'
import { MigrationError } from './error.js'
import { MAX_BODY } from './frame.js'
import { type SourceEffect, type SourceInput, type SourcePhase, sourceStep } from './handover.js'
import { type CodeRecord, SourceJournal, type SourceRecord } from './journal.js'
import type { Origin } from './origin.js'
import { Pace, runOn } from './pace.js'
import { type CopyLimits, DEFAULT_LIMITS, pageCount, type Round, sendingNs, wireBytes } from './precopy.js'
import { randomId, realMs } from './real.js'
import { bodyOf, encodeId, encodePrepare, encodeStart, Feature, readId, readReady } from './records.js'
import { type Address, addressText, type Security, shakeHands } from './secure.js'

export interface MigrateOptions {
  readonly to: Address
  readonly security?: Security
  readonly limits?: Partial<CopyLimits>
  /** The folder of the journal. */
  readonly journal: string
  /** As the journal calls the policy: a name, or the path of a module. null: each guest's own. */
  readonly policyName?: string | null
  /** What the guests of machine code ran, as the journal keeps it. */
  readonly code?: CodeRecord
  /** The guest runs no faster than real time. */
  readonly realTime?: boolean
  /** How long the other side may take for one record; default 30 s. */
  readonly timeoutMs?: number
  /** How often a destination that does not answer is asked who has the guest; default 5. */
  readonly questions?: number
  readonly onRound?: (round: Round) => void
  readonly trace?: (step: string) => void
}

export const DEFAULT_TIMEOUT_MS = 30_000
export const DEFAULT_QUESTIONS = 5

/** What has become of the guest. */
export interface Migrated {
  /** `moved`: the destination has it; `kept`: it went on here; `doubt`: the destination may have it and has to be asked. */
  readonly outcome: 'moved' | 'kept' | 'doubt'
  readonly id: string
  readonly guest: string
  readonly to: string
  /** The receiving host, as the receiver calls it. */
  readonly host: string | null
  readonly policy: string
  /** Why it was not moved. */
  readonly reason: string | null
  readonly rounds: readonly Round[]
  /** True time; null where it did not come to that. */
  readonly stopNs: bigint | null
  readonly saveNs: bigint | null
  readonly landNs: bigint | null
  /** Sent while the guest stood still. */
  readonly lastPages: number
  /** When the guest was kept from running. */
  readonly steals: readonly (readonly [atNs: bigint, forNs: bigint])[]
  /** Real time: of the rounds, and from the stop to the destination's word that it owns the guest. */
  readonly copyMs: number
  readonly downtimeMs: number | null
  /** Of a guest that was kept: the whole run. */
  readonly run: RunResult | null
  /** What to give to `recoverMigration` in doubt. */
  readonly journal: string
}

/** Migrates a guest. Throws MigrationError and whatever `origin` throws only before the other side knows of the guest. */
export function migrate(origin: Origin, options: MigrateOptions): Promise<Migrated> {
  return new SourceSide(origin, options).migrate()
}

class SourceSide {
  readonly #origin: Origin
  readonly #options: MigrateOptions
  readonly #limits: CopyLimits
  readonly #world: World
  readonly #policy: ClockPolicy
  readonly #journal: SourceJournal
  readonly #id = randomId()
  #channel: Channel | null = null
  #phase: SourcePhase = 'copying'
  #copy: MemoryCopy | null = null
  #host: string | null = null
  /** From the moment in which it stands still. */
  #stopped: { readonly stopNs: bigint; readonly wasRunning: boolean; readonly realMs: number } | null = null
  #handover: { readonly saveNs: bigint; readonly landNs: bigint; readonly prepare: Buffer } | null = null
  /** The journal's next record is on the disk, but not yet in force. */
  #staged: Promise<void> = Promise.resolve()
  #lastPages = 0
  #copyMs = 0
  #downtimeMs: number | null = null
  #reason: string | null = null
  #run: RunResult | null = null

  constructor(origin: Origin, options: MigrateOptions) {
    this.#origin = origin
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#world = origin.open()
    const why = this.#guest.unsavable
    if (why)
      throw new MigrationError(`guest ${origin.guest}`, null, `it ${why}; expected one that can be moved`)
    this.#policy = this.#guest.policy
    const { source, snapshot } = origin
    const { code } = options
    this.#journal = SourceJournal.begin(options.journal, {
      id: this.#id,
      to: addressText(options.to),
      origin: snapshot
        ? { kind: 'snapshot', path: `out-${this.#id}.chv` }
        : { kind: 'scenario', ...source, ...(code && { code }) },
      guest: origin.guest,
      policy: options.policyName ?? null,
      beginNs: `${origin.beginNs}`,
    })
    if (snapshot) saveSnapshot(this.#journal.snapshotPath, snapshot)
    this.#trace('after the journal is begun')
  }

  get #guest() {
    return this.#world.resident(this.#origin.guest)
  }

  #trace(step: string): void {
    this.#options.trace?.(step)
  }

  async migrate(): Promise<Migrated> {
    try {
      await this.#begin()
      await this.#copyMemory()
      await this.#stopAndCopy()
      await this.#take('stopped')
      // The destination lands the guest meanwhile.
      this.#staged = this.#stageDoubt()
      this.#staged.catch(() => {})
      await this.#hear('PREPARED')
      await this.#hear('OWNED')
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error
      this.#reason ??= error.message
      // In doubt only the destination's own word counts: nonsense is no word.
      if (this.#phase !== 'asking') await this.#take(error.kind === 'refused' ? 'refused' : 'lost')
    }
    this.#channel?.close()
    return this.#result()
  }

  // ---- memory

  async #begin(): Promise<void> {
    const { to, security = {}, timeoutMs = DEFAULT_TIMEOUT_MS, trace } = this.#options
    const socket = await connect(to, security, timeoutMs)
    this.#channel = new Channel(socket, addressText(to), { timeoutMs, ...(trace && { trace }) })
    const channel = this.#channel
    const { host, machine, make } = this.#guest
    await shakeHands(channel, 'source', security, make ? Feature.code : 0n)
    const { source, guest, beginNs } = this.#origin
    await channel.send(
      'START',
      encodeStart({
        id: this.#id,
        ...source,
        guest,
        host: host.spec.name,
        policy: this.#policy.name,
        beginNs,
        memoryBytes: machine!.guestMemory.length,
        make,
      }),
    )
    const ready = readReady(bodyOf(await channel.receive('READY'), channel.peer))
    this.#host = ready.host
    this.#journal.write({ receiver: ready.identity })
  }

  async #copyMemory(): Promise<void> {
    const { realTime, onRound } = this.#options
    const copying: Copying = {
      world: this.#world,
      guest: this.#origin.guest,
      channel: this.#channel!,
      limits: this.#limits,
      pace: realTime ? new Pace(this.#origin.beginNs) : null,
      ...(onRound && { onRound }),
    }
    this.#copy = new MemoryCopy(copying)
    const from = realMs()
    await this.#copy.untilSmall()
    this.#copyMs = realMs() - from
    // The guest runs while the destination's disk takes what has come.
    await this.#channel!.send('SYNC')
    await this.#channel!.receive('SYNCED')
  }

  /** The guest stands still from here on: pages, then what its policy saves, then pages that were written for that. */
  async #stopAndCopy(): Promise<void> {
    const copy = this.#copy!
    const guest = this.#guest
    const stopNs = this.#world.nowNs
    this.#trace('before the guest is stopped')
    const wasRunning = guest.running
    this.#stopped = { stopNs, wasRunning, realMs: realMs() }
    if (wasRunning) guest.stop('migrate', true)
    const machine = guest.machine!
    const rest = machine.dirtyPages()
    machine.cleanPages()
    await copy.sendPages(rest)
    const saveNs = stopNs + sendingNs(wireBytes(rest), this.#limits)
    await runOn(this.#world, saveNs, null)
    const saved = guest.offer(wasRunning)
    const late = machine.dirtyPages()
    await copy.sendPages(late)
    await copy.sendLog()
    this.#lastPages = pageCount(rest) + pageCount(late)
    const hosts = this.#origin.snapshot?.scenario.hosts ?? this.#world.scenario.hosts
    const world: SavedWorld = {
      atNs: saveNs,
      hosts: hosts.map(({ name }) => this.#world.host(name).save()),
      guest: saved,
    }
    const sections = encodeBody(guestSections(world))
    const stateBytes = wireBytes(late) + saved.image.state.length
    const landNs = saveNs + sendingNs(stateBytes, this.#limits)
    const observations = copy.observations
    const prepare = encodePrepare(
      { id: this.#id, stopNs, saveNs, landNs, wasRunning, observations },
      sections,
    )
    if (prepare.length > MAX_BODY)
      throw new MigrationError(
        `guest ${saved.name}`,
        null,
        `its last record has ${prepare.length} bytes; expected at most ${MAX_BODY}`,
      )
    this.#handover = { saveNs, landNs, prepare }
  }

  // ---- hand-over

  async #hear(type: 'PREPARED' | 'OWNED'): Promise<void> {
    const channel = this.#channel!
    const id = readId(bodyOf(await channel.receive(type), channel.peer))
    if (id !== this.#id)
      throw new MigrationError(channel.peer, null, `it speaks of migration ${id}; expected ${this.#id}`)
    if (type === 'PREPARED') await this.#staged
    else this.#downtimeMs = realMs() - this.#stopped!.realMs
    await this.#take(type === 'PREPARED' ? 'prepared' : 'owned')
  }

  /** What the journal will say before COMMIT leaves. Rejects with MigrationError. */
  async #stageDoubt(): Promise<void> {
    try {
      await this.#journal.stage({ disk: 'doubt', stop: this.#recorded })
    } catch (error) {
      throw this.#unwritten(error)
    }
  }

  #unwritten(error: unknown): MigrationError {
    return new MigrationError(this.#journal.path, null, (error as Error).message)
  }

  async #take(input: SourceInput): Promise<void> {
    const step = sourceStep(this.#phase, input)
    // Lost when there was nothing more to lose.
    if (!step) return
    const before = this.#phase
    this.#phase = step.phase
    for (const effect of step.effects) {
      if ('write' in effect) this.#write(effect.write, before)
      else await this.#do(effect)
    }
  }

  async #do(effect: Exclude<SourceEffect, { write: unknown }>): Promise<void> {
    if ('send' in effect) return this.#send(effect.send)
    if (effect.act === 'ask') return this.#ask()
    this.#channel?.destroy()
    this.#run = await this.#goOn()
    this.#journal.end()
  }

  /** What cannot be written has not happened: the phase is `before` again. */
  #write(disk: 'here' | 'doubt' | 'gone', before: SourcePhase): void {
    this.#trace(`before ${disk} is written`)
    try {
      if (disk === 'gone') this.#journal.end()
      else if (disk === 'doubt') this.#journal.writeStaged()
      else this.#journal.write({ disk, stop: this.#recorded })
    } catch (error) {
      this.#phase = before
      throw this.#unwritten(error)
    }
    this.#trace(`after ${disk} is written`)
    if (disk === 'gone') this.#guest.powerOff()
  }

  /** What it takes to come to the stop again. */
  get #recorded(): SourceRecord['stop'] {
    const steals = this.#copy!.steals.map(([at, length]) => [`${at}`, `${length}`] as const)
    return { stopNs: `${this.#stopped!.stopNs}`, landNs: `${this.#handover!.landNs}`, steals }
  }

  async #send(what: 'PREPARE' | 'COMMIT' | 'DONE' | 'QUERY'): Promise<void> {
    const body = what === 'PREPARE' ? this.#handover!.prepare : encodeId(this.#id)
    try {
      await this.#channel!.send(what, body)
    } catch (error) {
      // After `gone` nothing depends on the other side's hearing of it.
      if (what !== 'DONE') throw error
    }
  }

  async #ask(): Promise<void> {
    this.#channel?.destroy()
    const {
      questions = DEFAULT_QUESTIONS,
      timeoutMs = DEFAULT_TIMEOUT_MS,
      security = {},
      trace,
      to,
    } = this.#options
    const { receiver } = this.#journal.record
    const asked = { to, security, timeoutMs, id: this.#id, receiver: receiver!, ...(trace && { trace }) }
    const unanswered = await ask(asked, questions, (heard) => this.#takeAnswer(heard))
    if (unanswered !== null) this.#reason = `${this.#reason}; then ${unanswered}`
  }

  /** DONE, if it comes to that, goes on the line on which the answer came. */
  async #takeAnswer(heard: 'answer-owned' | 'answer-never'): Promise<void> {
    const step = sourceStep('asked', heard)!
    this.#phase = step.phase
    for (const effect of step.effects) {
      if ('write' in effect) this.#write(effect.write, 'asking')
      else if ('act' in effect) await this.#do(effect)
    }
  }

  /** The guest goes on here: where it was, or when it would have gone on over there. */
  async #goOn(): Promise<RunResult> {
    const world = this.#world
    if (this.#handover) await runOn(world, this.#handover.landNs, null)
    if (this.#stopped?.wasRunning) this.#guest.resume('pause')
    await runOn(world, max(world.nowNs, world.scenario.durationNs), null)
    return world.run()
  }

  #result(): Migrated {
    const { rounds = [], steals = [] } = this.#copy ?? {}
    return {
      outcome: this.#phase === 'gone' ? 'moved' : this.#phase === 'here' ? 'kept' : 'doubt',
      id: this.#id,
      guest: this.#origin.guest,
      to: addressText(this.#options.to),
      host: this.#host,
      policy: this.#policy.name,
      reason: this.#phase === 'gone' ? null : this.#reason,
      rounds,
      stopNs: this.#stopped?.stopNs ?? null,
      saveNs: this.#handover?.saveNs ?? null,
      landNs: this.#handover?.landNs ?? null,
      lastPages: this.#lastPages,
      steals,
      copyMs: this.#copyMs,
      downtimeMs: this.#downtimeMs,
      run: this.#run,
      journal: this.#journal.path,
    }
  }
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
