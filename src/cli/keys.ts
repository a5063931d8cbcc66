/**
 * What is typed on a guest's console: from a file, as fast as the guest reads, so that equal files give equal runs; or
 * the keys of a terminal, in which case the guest also runs no faster than a real one, for people to follow.
 */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { PowerMachine } from '../power/index.js'

export interface Keys {
  /** Whether someone sits at a terminal. */
  readonly live: boolean
  /** Ctrl-A x was pressed. */
  readonly quit: boolean
  feed(machine: PowerMachine): void
  /** What the guest has printed now. */
  hear(printed: string): void
  close(): void
}

/** How far a guest runs between two looks at the keyboard: 10 ms at 1 GHz. */
export const LIVE_CYCLES = 10_000_000n
const ESCAPE = 1 // Ctrl-A
const QUIT = 120 // x

/** With a prompt it is typed line by line, one each time the guest has printed that. */
export function fileKeys(file: string, prompt?: string): Keys {
  const text = readFileSync(file)
  let left: Uint8Array = prompt === undefined ? text : new Uint8Array()
  let lines = prompt === undefined ? [] : text.toString('latin1').split(/(?<=\n)/)
  let heard = ''
  return {
    live: false,
    quit: false,
    feed: (machine) => {
      left = left.subarray(machine.type(left))
    },
    hear: (printed) => {
      if (prompt === undefined) return
      const parts = (heard + printed).split(prompt)
      heard = parts.at(-1)!
      const typed = lines.slice(0, parts.length - 1)
      lines = lines.slice(typed.length)
      left = Buffer.concat([left, Buffer.from(typed.join(''), 'latin1')])
    },
    close: () => {},
  }
}

/** The terminal's keys, each as it is pressed; nothing when there is no terminal. */
export function liveKeys(): Keys {
  const { stdin } = process
  if (!stdin.isTTY) return { live: false, quit: false, feed: () => {}, hear: () => {}, close: () => {} }
  let waiting = Buffer.alloc(0)
  let escaped = false
  let quit = false
  const pressed = (keys: Buffer): void => {
    for (const key of keys) {
      if (escaped && key === QUIT) quit = true
      if (key !== ESCAPE || escaped) waiting = Buffer.concat([waiting, Buffer.of(key)])
      escaped = key === ESCAPE && !escaped
    }
  }
  stdin.setRawMode(true).on('data', pressed).resume()
  return {
    live: true,
    get quit() {
      return quit
    },
    feed: (machine) => {
      waiting = waiting.subarray(machine.type(waiting))
    },
    hear: () => {},
    close: () => {
      stdin.off('data', pressed).setRawMode(false).pause()
    },
  }
}

let started: number | undefined

/** Waits until as much real time has gone by as guest time, and lets keys come in. */
export async function pace(machine: PowerMachine, cpuHz: bigint): Promise<void> {
  const guestMs = Number((machine.cycles * 1000n) / cpuHz)
  started ??= performance.now() - guestMs
  await setTimeout(Math.max(0, guestMs - (performance.now() - started)))
}
