/**
 * A source that was started again: what its journal says decides. The guest is made again by running what it came from, which
 * is a pure function of the journal, and goes on here only where handover.ts lets it.
 */
import type { RunResult } from '../world/index.js'
import { ask } from './ask.js'
import { stealAll } from './copy.js'
import { sourceRestart } from './handover.js'
import { SourceJournal, type SourceRecord } from './journal.js'
import type { Origin } from './origin.js'
import { runOn } from './pace.js'
import { parseAddress, type Security } from './secure.js'
import { DEFAULT_QUESTIONS, DEFAULT_TIMEOUT_MS } from './source.js'

export interface RecoverOptions {
  /** The guest's origin, with the policies that the record names. */
  readonly open: (record: SourceRecord, snapshotPath: string) => Promise<Origin> | Origin
  /** Where the destination listens now; default: where it did. */
  readonly to?: string
  /**
   * An operator's decision in place of the destination's word, for one that will never speak again. `here` is right only
   * if the destination and its journal are gone for good.
   */
  readonly decide?: 'here' | 'there'
  readonly security?: Security
  readonly timeoutMs?: number
  readonly questions?: number
  readonly trace?: (step: string) => void
}

export interface Recovered {
  /** `kept`: the guest went on here; `moved`: the destination has it; `doubt`: still not known. */
  readonly outcome: 'kept' | 'moved' | 'doubt'
  readonly id: string
  readonly guest: string
  readonly to: string
  readonly reason: string | null
  readonly run: RunResult | null
}

/** Throws MigrationError for a file that is no journal, and what `open` throws. */
export async function recoverMigration(path: string, options: RecoverOptions): Promise<Recovered> {
  const journal = SourceJournal.open(path)
  const { id, guest, disk } = journal.record
  const to = options.to ?? journal.record.to
  const told = { id, guest, to }
  const keep = async (reason: string): Promise<Recovered> => {
    const run = await goOn(journal, options)
    journal.end()
    return { ...told, outcome: 'kept', reason, run }
  }
  const leave = (reason: string): Recovered => {
    journal.end()
    return { ...told, outcome: 'moved', reason, run: null }
  }
  if (sourceRestart(disk).phase === 'here') return keep('the destination cannot have it')
  if (options.decide === 'there') return leave('an operator decided')
  if (options.decide === 'here') {
    journal.write({ disk: 'here' })
    return keep('an operator decided')
  }
  const { security = {}, timeoutMs = DEFAULT_TIMEOUT_MS, questions = DEFAULT_QUESTIONS, trace } = options
  const receiver = journal.record.receiver!
  const question = { to: parseAddress(to), security, timeoutMs, id, receiver, ...(trace && { trace }) }
  let recovered: Recovered | null = null
  const unanswered = await ask(question, questions, async (heard) => {
    if (heard === 'answer-owned') recovered = leave('the destination has it')
    else {
      journal.write({ disk: 'here' })
      trace?.('after here is written')
      recovered = await keep('the destination will never have it')
    }
  })
  return recovered ?? { ...told, outcome: 'doubt', reason: unanswered, run: null }
}

async function goOn(journal: SourceJournal, { open }: RecoverOptions): Promise<RunResult> {
  const origin = await open(journal.record, journal.snapshotPath)
  const world = origin.open()
  const guest = world.resident(origin.guest)
  const { stop } = journal.record
  if (stop) {
    for (const [at, length] of stop.steals) {
      await runOn(world, BigInt(at), null)
      stealAll(world, origin.guest, true)
      await runOn(world, BigInt(at) + BigInt(length), null)
      stealAll(world, origin.guest, false)
    }
    await runOn(world, BigInt(stop.stopNs), null)
    const wasRunning = guest.running
    if (wasRunning) guest.stop('migrate', true)
    await runOn(world, BigInt(stop.landNs), null)
    if (wasRunning) guest.resume('pause')
  }
  const { durationNs } = world.scenario
  if (world.nowNs < durationNs) await runOn(world, durationNs, null)
  return world.run()
}
