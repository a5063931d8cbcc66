/**
 * What a guest says of its clocks on its console (src/world/code/told.ts), as a drawing: each clock minus true time. The
 * machine's cycles are true time, and its wall clock was right when the machine was switched on.
 */
import { seriesOf } from '../../check/series.js'
import { curveOf } from '../../draw/curve.js'
import type { Drawing, GuestDrawing } from '../../draw/drawing.js'
import { sleepBarsOf } from '../../draw/sleeps.js'
import type { PowerMachine } from '../../power/machine.js'
import { Told } from '../../world/code/told.js'

const S = 1_000_000_000n
/** As the checks have them where a scenario says nothing. */
const LATE_NS = 100_000_000n
const AHEAD_NS = 1_000_000n

/** Hears a console as it grows; of one that went back to what it was, another hears the rest. */
export class Clocks {
  readonly #told = new Told()
  #heard = 0

  /** Of all that was printed, now that the machine stands there; null: it says nothing of clocks. */
  drawing(title: string, text: string, machine: PowerMachine): Drawing | null {
    const { cycles, timebase, dayNs, make } = machine
    const { cpuHz, tbHz } = make
    const endNs = (cycles * S) / cpuHz
    const standing = { at: 0n, rate: tbHz, den: S }
    const tbOffset = timebase - (cycles * tbHz) / cpuHz
    const told = this.#told
    told.hear(text.slice(this.#heard), [{ fromNs: 0n, untilNs: endNs, standing, tbOffset }], [])
    this.#heard = text.length
    if (told.log.length === 0) return null
    return { title, endNs, guests: [guestDrawing(title, told, endNs, dayNs - endNs)] }
  }
}

function guestDrawing(name: string, told: Told, endNs: bigint, startWallNs: bigint): GuestDrawing {
  const guest = {
    readers: told.readers,
    sleepers: told.sleepers.map((sleeper) => ({ ...sleeper, vcpu: 0 })),
    observations: told.log,
    stops: [],
    corrections: [],
  }
  const limits = { aheadNs: AHEAD_NS, backNs: 0n, restNs: endNs / 1000n }
  const curves = seriesOf(guest, startWallNs)
    .filter(({ kind, length }) => (kind === 'wall' || kind === 'elapsed') && length > 0)
    .map((series) => curveOf(series, limits, []))
  return { name, curves, stops: [], marks: [], sleeps: sleepBarsOf(guest, { endNs }), lateNs: LATE_NS }
}
