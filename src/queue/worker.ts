/** A worker: takes pieces from the queue and lives through them in threads, until it is told to end. */
import { UnrecoverableError, Worker } from 'bullmq'
import type { Tally } from '../search/tally.js'
import { threads } from '../search/threads.js'
import { buildOf, connect, LOCK_MS, type PieceJob, QUEUE, STALLED_MS } from './jobs.js'

export interface WorkerOptions {
  readonly url: string
  readonly threads: number
  /** Also policies that are modules: a piece then runs what stands in a file of this machine. */
  readonly modules: boolean
  /** Called after each piece. */
  readonly onPiece?: (histories: number) => void
}

export interface RunningWorker {
  /** Ends what it is at, takes nothing new. */
  close(): Promise<void>
}

/** Throws QueueError where there is no server. */
export async function startWorker({
  url,
  threads: count,
  modules,
  onPiece,
}: WorkerOptions): Promise<RunningWorker> {
  const connection = await connect(url)
  const crew = threads(count)
  const worker = new Worker<PieceJob, Tally>(
    QUEUE,
    async ({ data: { piece, build } }) => {
      // Tried again, it would be by another worker, which may be of the right build.
      if (build !== buildOf())
        throw new Error(`this worker is of build ${buildOf()}; expected ${build}, the searcher's`)
      if (piece.policyHash !== null && !modules)
        throw new UnrecoverableError(
          `${piece.policy} is a module, and this worker runs none; expected it to be started with --modules`,
        )
      const tally = await crew.live(piece)
      onPiece?.(tally.histories)
      return tally
    },
    {
      connection,
      concurrency: count,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      // Whoever lives through a piece may be killed any number of times.
      maxStalledCount: 1_000_000,
    },
  )
  // A lost lock is no fault: somebody else has the piece, and comes to the same result.
  worker.on('error', () => {})
  await worker.waitUntilReady()
  return {
    close: async () => {
      await worker.close()
      await crew.close()
      connection.disconnect()
    },
  }
}
