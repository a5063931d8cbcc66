/**
 * Pieces of a search as jobs of BullMQ, on Redis or Valkey.
 *
 *   searcher ── add(piece) ──> waiting ──> active ── tally ──> completed ──> searcher
 *                                 ^           │
 *                                 └───────────┘  a worker that is killed renews its lock no more
 *
 * Every step may happen twice, and none may get lost. A job's name is what its result follows from: the piece, with
 * its seed, and the build of the core. So the same piece, asked for twice or by two searchers, is one job; who lives
 * through it a second time comes to the same tally; and a tally counts once, as its piece is counted once.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { readBuild } from '../core/disk.js'
import type { Piece } from '../search/piece.js'
import type { Tally } from '../search/tally.js'
import { QueueError } from './error.js'

export const QUEUE = 'chronovisor-check'

/** A worker that has not renewed its lock for this long is taken for dead. */
export const LOCK_MS = 10_000
/** How often somebody looks for jobs of dead workers. */
export const STALLED_MS = 2_000

export interface PieceJob {
  readonly piece: Piece
  /** Of whoever asks: a worker of another build would come to other results. */
  readonly build: string
}

export type PieceQueue = Queue<PieceJob, Tally>

let fingerprint: string | null = null

/** What results follow from beside the piece: the program's version and its core. */
export function buildOf(): string {
  if (fingerprint === null) {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    fingerprint = `${version}-${hash(readBuild('core.wasm')).slice(0, 16)}`
  }
  return fingerprint
}

export function jobOf(piece: Piece): { readonly id: string; readonly data: PieceJob } {
  const data = { piece, build: buildOf() }
  const { policy, policyHash, guest, seed, from, count } = piece
  return { id: hash(JSON.stringify([data.build, policyHash ?? policy, guest, seed, from, count])), data }
}

const hash = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A connection that is there; afterwards it comes back by itself when it is lost. Throws QueueError. */
export async function connect(url: string): Promise<Redis> {
  if (!/^rediss?:\/\/[^\s]+$/.test(url))
    throw new QueueError(`the queue ${JSON.stringify(url)}; expected redis://HOST:PORT or rediss://HOST:PORT`)
  let there = false
  const redis = new Redis(url, {
    lazyConnect: true,
    // As BullMQ needs it: commands wait for as long as the server is away.
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    retryStrategy: (times) => (there ? Math.min(times * 100, 2_000) : null),
  })
  let reason = 'it does not answer'
  redis.on('error', (error) => {
    reason = error.message || (error as NodeJS.ErrnoException).code || reason
  })
  try {
    await redis.connect()
    there = true
    return redis
  } catch {
    redis.disconnect()
    throw new QueueError(`${url}: ${reason}; expected a Redis or Valkey server`)
  }
}
