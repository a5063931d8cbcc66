/**
 * Real time and chance: of connections, never of guests. Nothing that a guest or a host of the simulation sees comes from
 * here; a paced run waits for real time, and its bits are those of one that does not.
 */
import { randomBytes } from 'node:crypto'

/** Since some instant, ms. */
export const realMs = (): number => performance.now()

export const randomId = (): string => randomBytes(16).toString('hex')

export const randomNonce = (length: number): Uint8Array => randomBytes(length)
