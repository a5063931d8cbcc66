/** One guest on its way into this process: its memory, what it saw, its place on the disk, and its step of handover.ts. */
import { readFileSync } from 'node:fs'
import type { Machine } from '../core/machine.js'
import { PAGE } from '../core/sparse.js'
import type { StagedFile } from '../file/replace.js'
import { RECORD_BYTES } from '../observation/log.js'
import type { ClockPolicy } from '../policy/index.js'
import type { PowerMachine } from '../power/machine.js'
import { ScenarioError } from '../scenario/error.js'
import { parseScenario } from '../scenario/parse.js'
import type { GuestSpec, Scenario } from '../scenario/types.js'
import type { ByteReader } from '../snapshot/bytes.js'
import { Appended } from './appended.js'
import { MigrationError } from './error.js'
import {
  type DestinationEffect,
  type DestinationInput,
  type DestinationPhase,
  destinationStep,
} from './handover.js'
import { chosenHost, type HostChoice } from './host-choice.js'
import { MemoryImage } from './image.js'
import type { DestinationJournal } from './journal.js'
import { HostLife, type Landed, land, machineFor } from './landing.js'

import { type PageRun, type Prepare, readPages, type Start } from './records.js'
import { rehearse } from './rehearsal.js'

/** 16 million observations of a guest. */
export const MAX_LOG_BYTES = 640 * 1024 * 1024
/** What a guest of machine code prints. */
export const MAX_TEXT_BYTES = 256 * 1024 * 1024

export interface IncomingSettings {
  readonly host: HostChoice
  readonly forNs: bigint | null
}

/** What there is of a guest besides the connection; the journal makes it again. */
export class Incoming {
  readonly id: string
  readonly start: Start
  readonly peer: string
  readonly policy: ClockPolicy
  readonly scenario: Scenario
  readonly spec: GuestSpec
  readonly hostName: string
  phase: DestinationPhase = 'receiving'
  landed: Landed | null = null
  readonly #journal: DestinationJournal
  readonly #settings: IncomingSettings
  readonly #startBody: Buffer
  readonly #chosen: ReturnType<typeof chosenHost>
  readonly #life: HostLife
  readonly #machine: Machine | PowerMachine
  readonly #log: Appended
  /** Of machine code. */
  readonly #text: Appended | null
  #image: MemoryImage | null = null
  #prepareBody: Buffer = Buffer.alloc(0)
  readonly #staged = new Map<string, StagedFile>()

  /** Throws MigrationError and ScenarioError for a guest that cannot be taken. */
  constructor(
    journal: DestinationJournal,
    settings: IncomingSettings,
    peer: string,
    start: Start,
    startBody: Buffer,
    policy: ClockPolicy,
  ) {
    this.id = start.id
    this.start = start
    this.peer = peer
    this.policy = policy
    this.scenario = scenarioOf(start, peer)
    this.spec = guestOf(this.scenario, start, peer)
    this.#journal = journal
    this.#settings = settings
    this.#startBody = startBody
    this.#chosen = chosenHost(settings.host, this.scenario, start.host)
    this.hostName = this.#chosen.spec.name
    refuseHost(this.#chosen.spec.hypervisor, this.scenario, start, peer)
    this.#machine = machineFor(start.make, this.spec)
    this.#log = new Appended(journal.logPath(start.id))
    this.#text = start.make && new Appended(journal.textPath(start.id))
    this.#life = new HostLife(this.#chosen, this.scenario, this.spec, policy, start.beginNs)
  }

  /** Opens the files that it grows into. */
  async open(): Promise<void> {
    this.#image = await MemoryImage.create(this.#journal.memoryPath(this.id), this.#machine.guestMemory)
    this.#log.open()
    this.#text?.open()
  }

  /** Pages that came: checked, then part of the guest's memory, on their way to the disk. */
  takePages(body: ByteReader, data: readonly Uint8Array[]): void {
    const bytes = data.reduce((sum, { length }) => sum + length, 0)
    const runs = readPages(body, this.start.memoryBytes / PAGE, bytes)
    copyRuns(this.#machine.guestMemory, runs, data)
    for (const { page, pages, hash } of runs) {
      const found = this.#machine.memoryHash(page * PAGE, pages * PAGE)
      if (found !== hash)
        body.refuse(
          `pages ${page} to ${page + pages - 1} are damaged: their hash is another; expected them as sent`,
        )
      this.#image!.mark(page, pages)
    }
  }

  takeLog(bytes: Buffer, body: ByteReader): void {
    if (bytes.length % RECORD_BYTES !== 0) body.refuse(`${bytes.length} bytes; expected ${RECORD_BYTES} each`)
    if (this.#log.length + bytes.length > MAX_LOG_BYTES)
      body.refuse(`observations of more than ${MAX_LOG_BYTES} bytes`)
    this.#log.add(bytes)
  }

  takeText(bytes: Buffer, body: ByteReader): void {
    const text = this.#text ?? body.refuse('the guest is a kernel model; expected no text')
    if (text.length + bytes.length > MAX_TEXT_BYTES) body.refuse(`text of more than ${MAX_TEXT_BYTES} bytes`)
    text.add(bytes)
  }

  /** All that has come is on the disk. What was there already costs nothing. */
  async flush(): Promise<void> {
    await this.#image!.flush()
    this.#log.flush()
    this.#text?.flush()
  }

  /**
   * Begins to put on the disk what the journal will say if the guest is prepared, and if it is owned: other threads do it
   * while the guest lands. It counts for nothing before the step.
   */
  async stage(prepareBody: Buffer): Promise<void> {
    this.#prepareBody = prepareBody
    for (const disk of ['prepared', 'owned'] as const)
      this.#staged.set(disk, this.#journal.stage(this.#recordOf(disk, false), this.#startBody, prepareBody))
    await Promise.all([...this.#staged.values()].map(({ ready }) => ready))
  }

  /** So that the landing itself takes less time. */
  rehearse(): void {
    const { start, scenario, spec, policy } = this
    rehearse({ start, scenario, spec, chosen: this.#chosen, policy })
  }

  /** The guest stands on its new host, its clocks set; it does not run. Throws SnapshotError. */
  land(prepare: Prepare, prepareBody: Buffer): void {
    const log = this.#log.bytes
    if (log.length !== prepare.observations * RECORD_BYTES)
      throw new MigrationError(
        this.peer,
        null,
        `${log.length / RECORD_BYTES} observations came; expected ${prepare.observations}`,
      )
    this.#prepareBody = prepareBody
    this.landed = land({
      peer: this.peer,
      source: { text: this.start.text, fileName: this.start.fileName, seed: this.start.seed },
      scenario: this.scenario,
      machine: this.#machine,
      log,
      text: this.#text?.bytes ?? null,
      prepare,
      beginNs: this.start.beginNs,
      chosen: this.#chosen,
      life: this.#life,
      policy: this.policy,
      forNs: this.#settings.forNs,
    })
  }

  /** Takes memory and log from the files of a process before this one. */
  reload(): void {
    const memory = this.#machine.guestMemory
    const file = this.#journal.memoryPath(this.id)
    const image = readFileSync(file)
    if (image.length !== memory.length)
      throw new MigrationError(file, null, `it has ${image.length} bytes; expected ${memory.length}`)
    memory.set(image)
    this.#log.reload()
    this.#text?.reload()
  }

  /** A step of the hand-over: what must be on the disk is there when this returns; the rest is for the caller to do. */
  step(input: DestinationInput, trace?: (step: string) => void): DestinationEffect[] {
    const step = destinationStep(this.phase, input)
    if (!step)
      throw new MigrationError(this.peer, null, `it says ${input} of a guest that is ${this.phase} here`)
    const rest: DestinationEffect[] = []
    for (const effect of step.effects) {
      if (!('write' in effect)) {
        rest.push(effect)
        continue
      }
      trace?.(`before ${effect.write} is written`)
      this.#write(effect.write)
      trace?.(`after ${effect.write} is written`)
    }
    this.phase = step.phase
    return rest
  }

  #write(disk: 'nothing' | 'prepared' | 'owned' | 'settled'): void {
    if (disk === 'nothing') {
      for (const staged of this.#staged.values()) staged.drop()
      this.#journal.drop(this.id)
      void this.close()
      return
    }
    const staged = this.#staged.get(disk)
    if (staged) staged.take()
    else this.record(disk, false)
  }

  record(disk: 'prepared' | 'owned' | 'settled', over: boolean): void {
    this.#journal.write(this.#recordOf(disk, over), this.#startBody, this.#prepareBody)
  }

  #recordOf(disk: 'prepared' | 'owned' | 'settled', over: boolean) {
    const { host, forNs } = this.#settings
    return {
      id: this.id,
      disk,
      source: this.peer,
      over,
      host,
      policy: this.policy.name,
      forNs: forNs === null ? null : `${forNs}`,
    }
  }

  async close(): Promise<void> {
    const image = this.#image
    this.#image = null
    this.#log.close()
    this.#text?.close()
    await image?.close().catch(() => {})
  }
}

function copyRuns(memory: Uint8Array, runs: readonly PageRun[], data: readonly Uint8Array[]): void {
  let piece = 0
  let from = 0
  for (const { page, pages } of runs) {
    let at = page * PAGE
    for (let left = pages * PAGE; left > 0; ) {
      const bytes = data[piece]!
      const length = Math.min(left, bytes.length - from)
      memory.set(bytes.subarray(from, from + length), at)
      at += length
      left -= length
      from += length
      if (from < bytes.length) continue
      piece++
      from = 0
    }
  }
}

function scenarioOf({ text, fileName, seed }: Start, peer: string): Scenario {
  try {
    return parseScenario(text, fileName, { seed })
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    throw new MigrationError(peer, null, `its scenario is not one: ${error.message}`)
  }
}

function guestOf(
  scenario: Scenario,
  { guest, host, memoryBytes, make, beginNs }: Start,
  peer: string,
): GuestSpec {
  const refuse = (detail: string): never => {
    throw new MigrationError(peer, null, detail)
  }
  const spec = scenario.guests.find(({ name }) => name === guest)
  if (!spec) return refuse(`its scenario has no guest ${JSON.stringify(guest)}`)
  if (spec.dom0) refuse(`guest ${guest} is dom0; expected one that can be moved`)
  if (!scenario.hosts.some(({ name }) => name === host))
    refuse(`its scenario has no host ${JSON.stringify(host)}`)
  if (make && scenario.system !== 'power')
    refuse(`guest ${guest} runs Power code on ${scenario.system}; expected a scenario of Power`)
  const expected = make?.ramBytes ?? spec.memoryBytes
  if (expected !== memoryBytes)
    refuse(
      `guest ${guest} has ${memoryBytes} bytes; expected the ${make ? 'machine' : 'scenario'}’s ${expected}`,
    )
  if (beginNs > scenario.durationNs) refuse('it begins after the end of its scenario')
  return spec
}

function refuseHost(hypervisor: string, scenario: Scenario, { host, guest }: Start, peer: string): void {
  const from = scenario.hosts.find(({ name }) => name === host)!
  if (from.hypervisor === hypervisor) return
  throw new MigrationError(
    peer,
    null,
    `guest ${guest} comes from ${from.hypervisor}, and this host is ${hypervisor}; expected the same`,
  )
}
