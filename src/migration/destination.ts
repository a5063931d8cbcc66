/**
 * The destination's side of live migrations: it listens, takes one guest, answers sources in doubt, and runs what it owns.
 *
 * Memory arrives in the machine that the guest will run on, and is written to the journal behind it; so after the guest
 * has stopped only its last pages have to come, go to the disk and be landed on. Connections that fail, or are not
 * from a friend, leave no trace: it goes on listening. It ends when a guest has been here and has run to its end. The journal
 * keeps the guest until close(): killed before its owner has shown what the guest saw, the next process shows the same.
 */
import type { Server, Socket } from 'node:net'
import { type ClockPolicy, resolvePolicy } from '../policy/index.js'
import { ByteReader } from '../snapshot/bytes.js'
import type { RunResult } from '../world/index.js'
import { Channel } from './channel.js'
import { listen } from './connect.js'
import { MigrationError } from './error.js'
import type { Frame } from './frame.js'
import { type DestinationEffect, destinationRestart, destinationStep } from './handover.js'
import type { HostChoice } from './host-choice.js'
import { Incoming } from './incoming.js'
import { DestinationJournal, type DestinationRecord } from './journal.js'
import { Pace, runOn } from './pace.js'
import {
  bodyOf,
  encodeAnswer,
  encodeId,
  encodeReady,
  encodeRoundDone,
  encodeText,
  readId,
  readPrepare,
  readQuery,
  readRound,
  readStart,
} from './records.js'
import { type Address, type Security, shakeHands } from './secure.js'
import { DEFAULT_TIMEOUT_MS } from './source.js'

export interface ReceiveOptions {
  readonly at: Address
  readonly security?: Security
  /** The folder of the journal; one receiver at a time. */
  readonly journal: string
  readonly host: HostChoice
  /** In place of the built-in one that the source names. */
  readonly policy?: ClockPolicy
  /** The policy of a guest that a process before this one took; default: the built-in one of that name. */
  readonly policyNamed?: (name: string) => Promise<ClockPolicy>
  /** True time to run on from the landing; default: what the scenario had left. */
  readonly forNs?: bigint
  readonly realTime?: boolean
  readonly timeoutMs?: number
  /** What happens, in words, for people. */
  readonly onEvent?: (text: string) => void
  readonly trace?: (step: string) => void
}

export interface Received {
  readonly id: string
  readonly guest: string
  readonly host: string
  readonly policy: string
  /** The source; null: the guest was in the journal. */
  readonly from: string | null
  readonly landNs: bigint
  /** The source knows that the guest is here; nobody will ask any more. */
  readonly settled: boolean
  readonly run: RunResult
}

/** Opens the journal and listens. Throws MigrationError. */
export async function receive(options: ReceiveOptions): Promise<Receiver> {
  const journal = DestinationJournal.open(options.journal)
  const receiver = new Receiver(journal, options)
  try {
    await receiver.begin()
  } catch (error) {
    await receiver.close()
    throw error
  }
  return receiver
}

export class Receiver {
  readonly #journal: DestinationJournal
  readonly #options: ReceiveOptions
  readonly #timeoutMs: number
  readonly #channels = new Set<Channel>()
  #server: Server | null = null
  #current: Incoming | null = null
  /** Guests that have run to their end here, and their sources may not know it. */
  readonly #over = new Map<string, DestinationRecord>()
  readonly #done: Promise<Received>
  #finish!: (received: Received) => void
  #fail!: (error: unknown) => void
  #settled: () => void = () => {}
  /** Has run to its end: close() is to forget it. */
  #ended: Incoming | null = null

  constructor(journal: DestinationJournal, options: ReceiveOptions) {
    this.#journal = journal
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.#done = new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
    })
    this.#done.catch(() => {})
  }

  /** Where it listens: the port that was found if 0 was asked for. */
  get address(): Address {
    const { address, port } = this.#server!.address() as { address: string; port: number }
    return { host: address, port }
  }

  /** A guest has come, or was here already, and has run to its end; close() forgets it. Rejects with what went wrong. */
  get received(): Promise<Received> {
    return this.#done
  }

  async begin(): Promise<void> {
    const waiting = await this.#recover()
    const { at, security = {} } = this.#options
    this.#server = await listen(at, security, this.#timeoutMs, (socket) => void this.#serve(socket))
    if (waiting) void this.#runGuest(waiting, null)
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.destroy()
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()))
    await this.#current?.close()
    if (this.#ended) this.#end(this.#ended)
    this.#journal.close()
  }

  // ---- what a process before this one left

  async #recover(): Promise<Incoming | null> {
    let waiting: Incoming | null = null
    for (const { record, start, prepare } of this.#journal.records()) {
      const { phase } = destinationRestart(record.disk)
      if (phase === 'nothing') this.#journal.drop(record.id)
      else if (record.over) this.#over.set(record.id, record)
      else if (!waiting) waiting = await this.#reload(record, start, prepare)
    }
    this.#current = waiting
    return waiting
  }

  async #reload(record: DestinationRecord, startBody: Buffer, prepareBody: Buffer): Promise<Incoming> {
    const path = `${this.#journal.folder}/in-${record.id}.guest`
    const reader = (body: Buffer) =>
      new ByteReader(body, (at, detail) => {
        throw new MigrationError(path, `byte ${at}`, detail)
      })
    const start = readStart(reader(startBody))
    const { policyNamed = resolvePolicy, policy } = this.#options
    const own = policy?.name === record.policy ? policy : await policyNamed(record.policy)
    const settings = { host: record.host, forNs: record.forNs === null ? null : BigInt(record.forNs) }
    const incoming = new Incoming(this.#journal, settings, record.source, start, startBody, own)
    incoming.reload()
    incoming.land(readPrepare(reader(prepareBody)), prepareBody)
    incoming.phase = record.disk
    return incoming
  }

  // ---- connections

  async #serve(socket: Socket): Promise<void> {
    const peer = `${socket.remoteAddress ?? 'somebody'}:${socket.remotePort ?? 0}`
    const { security = {}, trace } = this.#options
    const channel = new Channel(socket, peer, { timeoutMs: this.#timeoutMs, ...(trace && { trace }) })
    this.#channels.add(channel)
    try {
      await shakeHands(channel, 'destination', security)
      const first = await channel.receive('START', 'QUERY')
      if (first.type === 'START') await this.#take(channel, first)
      else await this.#answer(channel, first)
    } catch (error) {
      if (error instanceof MigrationError && error.kind === 'wrong') await channel.refuse(error.detail)
      this.#tell((error as Error).message)
    } finally {
      channel.close()
      this.#channels.delete(channel)
    }
  }

  #tell(text: string): void {
    this.#options.onEvent?.(text)
  }

  // ---- a guest on its way

  async #take(channel: Channel, frame: Frame): Promise<void> {
    const incoming = await this.#admit(channel, frame)
    const { trace } = this.#options
    try {
      await incoming.open()
      await channel.send('READY', encodeReady(this.#journal.identity, incoming.hostName))
      this.#tell(`${channel.peer}: guest ${incoming.start.guest} is on its way to host ${incoming.hostName}`)
      while (incoming.phase === 'receiving') await this.#copyStep(channel, incoming)
      while (incoming.phase !== 'nothing' && incoming.phase !== 'settled') {
        const said = await channel.receive('COMMIT', 'DONE')
        this.#expectId(channel, said, incoming)
        await this.#do(incoming, incoming.step(said.type === 'COMMIT' ? 'commit' : 'done', trace), channel)
      }
    } catch (error) {
      if (error instanceof MigrationError) throw error
      // The disk is full, for instance: the source is told.
      throw new MigrationError(channel.peer, null, `the guest cannot be taken: ${(error as Error).message}`)
    } finally {
      await this.#do(incoming, incoming.step('lost', trace), channel).catch(() => {})
      if (incoming.phase === 'nothing') await this.#forget(incoming)
      if (incoming.phase === 'settled') this.#settled()
    }
  }

  async #forget(incoming: Incoming): Promise<void> {
    await incoming.close()
    if (this.#current === incoming) this.#current = null
  }

  async #admit(channel: Channel, frame: Frame): Promise<Incoming> {
    const start = readStart(bodyOf(frame, channel.peer))
    if (this.#current)
      throw new MigrationError(
        channel.peer,
        null,
        `this receiver has guest ${this.#current.start.guest} already; expected one at a time`,
      )
    const policy = this.#options.policy ?? (await this.#builtIn(channel.peer, start.policy))
    const settings = { host: this.#options.host, forNs: this.#options.forNs ?? null }
    let incoming: Incoming
    try {
      incoming = new Incoming(this.#journal, settings, channel.peer, start, frame.body, policy)
    } catch (error) {
      throw new MigrationError(channel.peer, null, (error as Error).message)
    }
    this.#current = incoming
    return incoming
  }

  /** A name that came from outside never makes this process load a file. */
  async #builtIn(peer: string, name: string): Promise<ClockPolicy> {
    if (/^[a-z0-9-]+$/.test(name)) return resolvePolicy(name)
    throw new MigrationError(
      peer,
      null,
      `the policy ${JSON.stringify(name)} is not built in; expected --policy here`,
    )
  }

  #expectId(channel: Channel, frame: Frame, incoming: Incoming): void {
    const id = readId(bodyOf(frame, channel.peer))
    if (id === incoming.id) return
    throw new MigrationError(channel.peer, null, `it speaks of migration ${id}; expected ${incoming.id}`)
  }

  async #copyStep(channel: Channel, incoming: Incoming): Promise<void> {
    const frame = await channel.receive('PAGES', 'LOG', 'TEXT', 'ROUND', 'SYNC', 'PREPARE')
    const body = bodyOf(frame, channel.peer)
    switch (frame.type) {
      case 'PAGES':
        return incoming.takePages(body, frame.data)
      case 'LOG':
        return incoming.takeLog(frame.body, body)
      case 'TEXT':
        return incoming.takeText(frame.body, body)
      case 'ROUND':
        return channel.send('ROUND_DONE', encodeRoundDone(readRound(body).number))
      case 'SYNC': {
        const flushed = incoming.flush()
        incoming.rehearse()
        await flushed
        return channel.send('SYNCED')
      }
      default:
        return this.#prepare(channel, incoming, frame)
    }
  }

  async #prepare(channel: Channel, incoming: Incoming, frame: Frame): Promise<void> {
    const { trace } = this.#options
    const prepare = readPrepare(bodyOf(frame, channel.peer))
    if (prepare.id !== incoming.id || prepare.stopNs < incoming.start.beginNs)
      throw new MigrationError(
        channel.peer,
        null,
        'PREPARE does not go with START; expected the same migration',
      )
    const staged = incoming.stage(frame.body)
    staged.catch(() => {})
    // Before the landing changes memory: the journal has the guest as it left.
    await incoming.flush()
    try {
      incoming.land(prepare, frame.body)
    } catch (error) {
      const why = (error as Error).message
      this.#tell(`guest ${incoming.start.guest} cannot land here: ${why}`)
      return this.#do(incoming, incoming.step('cannot', trace), channel, why)
    }
    await staged
    return this.#do(incoming, incoming.step('prepare', trace), channel)
  }

  async #do(
    incoming: Incoming,
    effects: readonly DestinationEffect[],
    channel: Channel,
    why = 'it is not ready for this guest',
  ): Promise<void> {
    for (const effect of effects) {
      if ('send' in effect) await this.#say(channel, incoming.id, effect.send, why)
      // It is this side's now, whoever hears of it.
      else if ('act' in effect) void this.#runGuest(incoming, channel.peer)
    }
  }

  async #say(
    channel: Channel,
    id: string,
    what: Extract<DestinationEffect, { send: unknown }>['send'],
    why: string,
  ): Promise<void> {
    if (what === 'REFUSED') return channel.send('REFUSED', encodeText(why.slice(0, 1000)))
    if (what === 'ANSWER owned') return channel.send('ANSWER', encodeAnswer(id, 'owned'))
    if (what === 'ANSWER never') return channel.send('ANSWER', encodeAnswer(id, 'never'))
    return channel.send(what, encodeId(id))
  }

  // ---- questions

  async #answer(channel: Channel, frame: Frame): Promise<void> {
    const { id, identity } = readQuery(bodyOf(frame, channel.peer))
    if (identity !== this.#journal.identity) return channel.send('ANSWER', encodeAnswer(id, 'stranger'))
    const { trace } = this.#options
    const incoming = this.#current?.id === id ? this.#current : null
    const over = this.#over.get(id)
    const effects = incoming
      ? incoming.step('query', trace)
      : destinationStep(over ? 'owned' : 'nothing', 'query')!.effects
    for (const effect of effects) if ('send' in effect) await this.#say(channel, id, effect.send, '')
    if (incoming?.phase === 'nothing') await this.#forget(incoming)
    if (!over && (!incoming || incoming.phase === 'nothing')) return
    const done = readId(bodyOf(await channel.receive('DONE'), channel.peer))
    if (done !== id)
      throw new MigrationError(channel.peer, null, `it speaks of migration ${done}; expected ${id}`)
    if (over) {
      this.#over.delete(id)
      this.#journal.drop(id)
    } else {
      incoming!.step('done', trace)
      this.#settled()
    }
  }

  // ---- the guest runs

  async #runGuest(incoming: Incoming, from: string | null): Promise<void> {
    try {
      this.#options.trace?.('before the guest runs')
      const { world, guest, resume } = incoming.landed!
      const landNs = world.nowNs
      resume()
      this.#options.trace?.('after the guest runs')
      this.#tell(`guest ${guest} runs on host ${incoming.hostName}`)
      await runOn(world, world.scenario.durationNs, this.#options.realTime ? new Pace(landNs) : null)
      const run = world.run()
      await this.#settle(incoming)
      this.#ended = incoming
      this.#finish({
        id: incoming.id,
        guest,
        host: incoming.hostName,
        policy: incoming.policy.name,
        from,
        landNs,
        settled: incoming.phase === 'settled',
        run,
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Waits until the source knows, or does not ask for long. */
  async #settle(incoming: Incoming): Promise<void> {
    if (incoming.phase === 'settled') return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#settled = resolve
      timer = setTimeout(resolve, this.#timeoutMs)
    })
    clearTimeout(timer)
  }

  #end(incoming: Incoming): void {
    this.#ended = null
    if (incoming.phase === 'settled') this.#journal.drop(incoming.id)
    else {
      incoming.record('owned', true)
      this.#journal.dropGuest(incoming.id)
    }
  }
}
