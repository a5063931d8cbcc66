/** Recordings of real guests, lived through again by the emulator. docs/replay.md describes the file. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { MathError } from '../math/limits.js'
import { ScenarioError } from '../scenario/error.js'
import { ReplayError } from './error.js'
import { judgeReplay, type Replayed } from './judge.js'
import { parseRecording } from './parse.js'
import { planOf } from './plan.js'
import { type PlayOptions, play } from './play.js'
import type { Recording } from './recording.js'

export { ReplayError } from './error.js'
export type { JudgedStay, ReplayCheck, ReplayCheckId, Replayed } from './judge.js'
export { parseRecording } from './parse.js'
export type { Arrival, Plan, PlannedStay } from './plan.js'
export type { PlayOptions } from './play.js'
export type * from './recording.js'

/** Of the file, unpacked. */
const MAX_BYTES = 64 * 1024 * 1024
const GZIP = Buffer.from([0x1f, 0x8b])

/** Reads a recording, as text or gzip of it. @throws ReplayError */
export function readRecording(path: string): Recording {
  return parseRecording(textOf(path), path)
}

function textOf(path: string): string {
  const fail = (detail: string): never => {
    throw new ReplayError(path, null, null, detail)
  }
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return fail(code === 'ENOENT' ? 'there is no such file; expected a recording' : message)
  }
  if (!bytes.subarray(0, 2).equals(GZIP))
    return bytes.length > MAX_BYTES ? fail(tooLarge(bytes.length)) : bytes.toString('utf8')
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES }).toString('utf8')
  } catch (error) {
    return fail(
      `damaged gzip, or over ${MAX_BYTES} bytes (${(error as Error).message}); expected a recording`,
    )
  }
}

const tooLarge = (bytes: number) => `${bytes} bytes; expected at most ${MAX_BYTES}`

/**
 * Lives a recording through and judges it.
 *
 * @throws ReplayError for a recording that cannot have been
 */
export function replay(recording: Recording, options: PlayOptions = {}): Replayed {
  try {
    const plan = planOf(recording)
    return judgeReplay(plan, play(plan, options))
  } catch (error) {
    const impossible =
      error instanceof WebAssembly.RuntimeError ||
      error instanceof ScenarioError ||
      error instanceof MathError
    if (!impossible) throw error
    const detail = error instanceof ScenarioError ? error.detail : error.message
    throw new ReplayError(recording.fileName, null, null, `no emulated guest can live through it: ${detail}`)
  }
}
