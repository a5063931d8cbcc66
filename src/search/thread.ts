/** What a thread of a search does: pieces, one after the other. Run by piscina. */
import { Instances } from '../core/instances.js'
import { livePiece, type Piece } from './piece.js'
import { namedSubject, type Subject } from './subject.js'
import type { Tally } from './tally.js'

const instances = new Instances()
const subjects = new Map<string, Promise<Subject>>()

export default async function work(piece: Piece): Promise<Tally> {
  const key = JSON.stringify([piece.policy, piece.policyHash, piece.guest])
  const known = subjects.get(key) ?? namedSubject(piece)
  subjects.set(key, known)
  return livePiece(piece, await known, instances)
}
