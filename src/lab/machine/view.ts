/** What the page is told of a machine. */
import type { View } from './protocol.js'
import type { Runner } from './runner.js'

export interface Telling {
  readonly session: number
  readonly title: string
  readonly running: boolean
  /** The page has the console's text up to this character. */
  readonly from: number
  readonly mips: number | null
}

export function viewOf(runner: Runner, { session, title, running, from, mips }: Telling): View {
  const { machine, text, end, keys, kept } = runner
  return {
    session,
    title,
    running,
    cycles: machine.cycles,
    timebase: machine.timebase,
    idle: machine.cycles - machine.instructions,
    dayNs: machine.dayNs,
    cpuHz: machine.described.cpuHz,
    pc: machine.pc,
    end,
    fault: machine.fault,
    hash: running ? null : machine.hash,
    mips,
    from,
    printed: text.slice(from),
    keys,
    kept: kept.map(({ id, cycles, hash, state, ram }) => ({
      id,
      cycles,
      hash,
      size: ram.runs.reduce((sum, { bytes }) => sum + bytes.length, state.length),
    })),
  }
}
