/** The question of a source in doubt: who has the guest? */
import { setTimeout as wait } from 'node:timers/promises'
import { Channel } from './channel.js'
import { connect } from './connect.js'
import { MigrationError } from './error.js'
import { bodyOf, encodeId, encodeQuery, readAnswer } from './records.js'
import { type Address, addressText, type Security, shakeHands } from './secure.js'

export interface Question {
  readonly to: Address
  readonly security: Security
  readonly timeoutMs: number
  readonly id: string
  /** Identity of the receiver that was given the guest: the word of another is worth nothing. */
  readonly receiver: string
  readonly trace?: (step: string) => void
}

const PAUSE_MS = 1000

/**
 * Asks up to `times` times. `take` does what the answer means before the destination hears that it was understood.
 * null: it was answered; else why it was not.
 */
export async function ask(
  question: Question,
  times: number,
  take: (heard: 'answer-owned' | 'answer-never') => Promise<void>,
): Promise<string | null> {
  let why = 'nobody was asked'
  for (let i = 0; i < times; i++) {
    if (i > 0) await wait(PAUSE_MS)
    try {
      return await askOnce(question, take)
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error
      why = error.message
    }
  }
  return why
}

async function askOnce(
  { to, security, timeoutMs, id, receiver, trace }: Question,
  take: (heard: 'answer-owned' | 'answer-never') => Promise<void>,
): Promise<string | null> {
  const socket = await connect(to, security, timeoutMs)
  const channel = new Channel(socket, addressText(to), { timeoutMs, ...(trace && { trace }) })
  try {
    await shakeHands(channel, 'source', security)
    await channel.send('QUERY', encodeQuery(id, receiver))
    const answer = readAnswer(bodyOf(await channel.receive('ANSWER'), channel.peer))
    if (answer.id !== id)
      throw new MigrationError(channel.peer, null, `it speaks of migration ${answer.id}; expected ${id}`)
    if (answer.answer === 'stranger')
      return `${channel.peer}: this is another receiver (its journal is another folder); expected ${receiver}`
    await take(answer.answer === 'owned' ? 'answer-owned' : 'answer-never')
    // Nothing depends on its being heard.
    if (answer.answer === 'owned') await channel.send('DONE', encodeId(id)).catch(() => {})
    return null
  } finally {
    channel.close()
  }
}
