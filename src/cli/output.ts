/** Where the command line's words go: results to stdout, everything else to stderr. */
import { shortNs } from '../check/format.js'
import { coloured, plain, type Style } from '../report/style.js'
import type { RunOptions } from '../world/index.js'

/** The input or the environment is at fault: the message says what is wrong and what is expected. */
export class InputError extends Error {
  override readonly name = 'InputError'
}

export const EXIT = { held: 0, failed: 1, input: 2 } as const

export function print(text: string): void {
  process.stdout.write(text)
}

export function note(text: string): void {
  process.stderr.write(text)
}

/** Colours only for eyes: a terminal, and nobody said NO_COLOR (https://no-color.org). */
export function styleOf(stream: { readonly isTTY?: boolean }): Style {
  const { NO_COLOR, TERM } = process.env
  return stream.isTTY && !NO_COLOR && TERM !== 'dumb' ? coloured : plain
}

/** Whoever read our output went away (`| head`): no fault of anyone. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit()
    })
  }
}

/** Called with how far a run has come: true time reached, its end, events of the scenario still to come. */
export type Progress = NonNullable<RunOptions['onProgress']>

let progressWanted = false

/** `--progress`: from the first moment on, and also where stderr is no terminal; there a line each second. */
export function wantProgress(wanted: boolean): void {
  progressWanted = wanted
}

/** Runs `work` and shows on stderr how far it is, on a terminal as soon as it takes more than a second. */
export function withProgress<T>(what: string, work: (progress?: Progress) => T): T {
  const { isTTY } = process.stderr
  if (!isTTY && !progressWanted) return work()
  const started = performance.now()
  const everyMs = isTTY ? 100 : 1_000
  let next = started + (progressWanted ? everyMs : 1_000)
  let shown = false
  try {
    return work((reachedNs, endNs, eventsLeft) => {
      const now = performance.now()
      if (now < next && !(progressWanted && reachedNs === endNs)) return
      next = now + everyMs
      const line = `${what}: ${progressLine(reachedNs, endNs, eventsLeft, now - started)}`
      note(isTTY ? `\r${line}\x1b[K` : `${line}\n`)
      shown = true
    })
  } finally {
    if (shown && isTTY) note(progressWanted ? '\n' : '\r\x1b[K')
  }
}

/** `25 %, 1.00 d of 4.00 d, 86,400 × real time, 3 events left` after `tookMs` of real time. */
export function progressLine(reachedNs: bigint, endNs: bigint, eventsLeft: number, tookMs: number): string {
  const speed = Number(reachedNs / 1_000_000n) / Math.max(tookMs, 1)
  const times = speed.toLocaleString('en-US', { maximumFractionDigits: speed < 10 ? 1 : 0 })
  const events = `${eventsLeft} event${eventsLeft === 1 ? '' : 's'} left`
  const reached = `${shortNs(reachedNs)} of ${shortNs(endNs)}`
  return `${(reachedNs * 100n) / endNs} %, ${reached}, ${times} × real time, ${events}`
}

/** Runs `work` and shows on a terminal, once it takes more than a second, how much of a file it has read. */
export function withReading<T>(path: string, work: (onRead?: (at: number, size: number) => void) => T): T {
  if (!process.stderr.isTTY) return work()
  let next = performance.now() + 1_000
  let shown = false
  try {
    return work((at, size) => {
      const now = performance.now()
      if (now < next) return
      next = now + 100
      shown = true
      note(`\r${path}: ${Math.floor((at / size) * 100)} %\x1b[K`)
    })
  } finally {
    if (shown) note('\r\x1b[K')
  }
}
