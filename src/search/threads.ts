/** Threads of this machine that live through pieces. */
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { Piece } from './piece.js'
import type { Tally } from './tally.js'

/** Whoever lives through pieces. */
export interface Crew {
  /** So many at a time; more would only wait. */
  readonly hands: number
  /** Rejects with what went wrong, or when `signal` is aborted. */
  live(piece: Piece, signal?: AbortSignal): Promise<Tally>
  close(): Promise<void>
}

// Run from its source, a thread needs what its parent was started with to read TypeScript.
const source = import.meta.url.endsWith('.ts')

export function threads(count: number): Crew {
  const pool = new Piscina<Piece, Tally>({
    filename: fileURLToPath(new URL(source ? './thread.ts' : './thread.js', import.meta.url)),
    minThreads: count,
    maxThreads: count,
    idleTimeout: Number.POSITIVE_INFINITY,
    ...(source && { execArgv: ['--import', 'tsx'] }),
  })
  return {
    hands: count,
    live: (piece, signal) => pool.run(piece, signal ? { signal } : {}),
    close: () => pool.destroy(),
  }
}
