/** Where the command line's words go: results to stdout, everything else to stderr. */
import { coloured, plain, type Style } from '../report/style.js'

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

/** Called with how far a run has come; shows it on a terminal when it takes more than a second. */
export type Progress = (reachedNs: bigint, endNs: bigint) => void

/** Runs `work`; `what` stands before the percentage. */
export function withProgress<T>(what: string, work: (progress?: Progress) => T): T {
  if (!process.stderr.isTTY) return work()
  const started = performance.now()
  let shown = -1
  try {
    return work((reachedNs, endNs) => {
      const percent = Number((reachedNs * 100n) / endNs)
      if (percent === shown || performance.now() - started < 1_000) return
      shown = percent
      note(`\r${what}: ${percent} %\x1b[K`)
    })
  } finally {
    if (shown >= 0) note('\r\x1b[K')
  }
}
