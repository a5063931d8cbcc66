/** A piece of a search: some successive histories, lived through by whoever has the time. */
import type { Instances } from '../core/instances.js'
import { areAlike, examine } from './examine.js'
import { drawHistory } from './history.js'
import type { Subject, SubjectName } from './subject.js'
import type { Tally } from './tally.js'

/** Everything that the result follows from: data, so that it can be sent to a thread or a queue. */
export interface Piece extends SubjectName {
  readonly seed: number
  readonly from: number
  readonly count: number
}

/** So many histories are a piece: a few tenths of a second. */
export const PIECE = 250

export function piecesOf(whole: Piece): Piece[] {
  const pieces: Piece[] = []
  for (let done = 0; done < whole.count; done += PIECE) {
    pieces.push({ ...whole, from: whole.from + done, count: Math.min(PIECE, whole.count - done) })
  }
  return pieces
}

/** Equal arguments give equal tallies, whoever lives through it and how often. */
export function livePiece({ seed, from, count }: Piece, subject: Subject, instances: Instances): Tally {
  const broken: { -readonly [K in keyof Tally['broken']]: { count: number; first: number } } = {}
  let mixed = 0
  let observations = 0
  for (let index = from; index < from + count; index++) {
    const history = drawHistory(subject, seed, index)
    const examined = examine(history, subject, instances)
    observations += examined.observations
    if (!areAlike(history)) mixed++
    for (const breach of examined.breaches) {
      const known = broken[breach]
      if (known) known.count++
      else broken[breach] = { count: 1, first: index }
    }
  }
  return { histories: count, mixed, observations, broken }
}
