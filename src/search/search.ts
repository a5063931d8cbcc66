/** A search: many pieces, some at a time, and what they come to. */
import { type Piece, piecesOf } from './piece.js'
import { NONE, sum, type Tally } from './tally.js'
import type { Crew } from './threads.js'

export interface SearchOptions {
  /** Called with what is known so far. */
  readonly onProgress?: (tally: Tally) => void
  readonly signal?: AbortSignal
}

/**
 * Lives through `whole`. A crew is given twice as many pieces as it has hands, so that none waits and none piles up;
 * the sum is the same whoever did which.
 */
export async function search(whole: Piece, crew: Crew, options: SearchOptions = {}): Promise<Tally> {
  const { onProgress, signal } = options
  const pieces = piecesOf(whole)
  let tally = NONE
  let next = 0
  const hand = async (): Promise<void> => {
    while (next < pieces.length) {
      signal?.throwIfAborted()
      const piece = await crew.live(pieces[next++]!, signal)
      tally = sum(tally, piece)
      onProgress?.(tally)
    }
  }
  await Promise.all(Array.from({ length: Math.min(crew.hands * 2, pieces.length) }, hand))
  return tally
}
