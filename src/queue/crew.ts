/** Workers behind a queue, on any number of machines, as the crew of a search. */
import { setMaxListeners } from 'node:events'
import { type Job, Queue, QueueEvents } from 'bullmq'
import type { Piece } from '../search/piece.js'
import type { Tally } from '../search/tally.js'
import type { Crew } from '../search/threads.js'
import { QueueError } from './error.js'
import { connect, jobOf, type PieceJob, type PieceQueue, QUEUE } from './jobs.js'

/** Pieces that are out at a time: enough for many workers, and little for the server to hold. */
const HANDS = 32
/** How often a job is looked at in case the news of its end got lost. */
const LOOK_MS = 5_000
/** Results are kept for as long as another searcher may want the same. */
const KEEP_SECONDS = 3_600
/** A worker may lack a policy's module where another has it. */
const ATTEMPTS = 3

/** Throws QueueError where there is no server. */
export async function queueCrew(url: string): Promise<Crew> {
  const connection = await connect(url)
  const queue: PieceQueue = new Queue(QUEUE, { connection })
  const listening = await connect(url)
  const events = new QueueEvents(QUEUE, { connection: listening })
  // A lost connection comes back by itself, and what was missed meanwhile is looked at.
  queue.on('error', () => {})
  events.on('error', () => {})
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()])
  for (const one of [queue, events]) one.setMaxListeners(0)
  const waiting = new Set<string>()
  return {
    hands: HANDS,
    live: async (piece, signal) => {
      const { id } = jobOf(piece)
      waiting.add(id)
      const tally = await resultOf(piece, queue, events, signal)
      waiting.delete(id)
      return tally
    },
    /** What nobody works on yet is taken back: a search that was given up leaves no work behind. */
    close: async () => {
      await Promise.all([...waiting].map(async (id) => (await queue.getJob(id))?.remove().catch(() => {})))
      await Promise.all([queue.close(), events.close()])
      connection.disconnect()
      listening.disconnect()
    },
  }
}

/**
 * Asks until there is a result. A server that was started anew may have forgotten the job, and the news of its end
 * may have gone past us: so it is looked at now and then, and added again where it is not there.
 */
async function resultOf(
  piece: Piece,
  queue: PieceQueue,
  events: QueueEvents,
  signal: AbortSignal | undefined,
): Promise<Tally> {
  for (;;) {
    signal?.throwIfAborted()
    const job = await added(piece, queue)
    const ended = job.waitUntilFinished(events, LOOK_MS)
    try {
      return await orAborted(ended, signal)
    } catch (error) {
      ended.catch(() => {})
      signal?.throwIfAborted()
      const now = await queue.getJob(job.id!)
      if ((await now?.getState()) !== 'failed') continue
      const reason = now!.failedReason || (error as Error).message
      await now!.remove().catch(() => {})
      throw new QueueError(`a worker failed: ${reason}`)
    }
  }
}

/** One that is there already is not added again. */
function added(piece: Piece, queue: PieceQueue): Promise<Job<PieceJob, Tally>> {
  const { id, data } = jobOf(piece)
  return queue.add('piece', data, {
    jobId: id,
    attempts: ATTEMPTS,
    backoff: { type: 'fixed', delay: 500 },
    removeOnComplete: { age: KEEP_SECONDS },
    removeOnFail: { age: KEEP_SECONDS },
  })
}

async function orAborted<T>(ended: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return ended
  // Every piece that is out listens.
  setMaxListeners(0, signal)
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([ended, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
