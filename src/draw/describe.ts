/** A picture in words: for who cannot see it, and for who reads a report without pictures. */
import { shortAt, shortNs } from '../check/format.js'
import { type Curve, worstNs } from './curve.js'
import type { Drawing, GuestDrawing } from './drawing.js'
import { FLAT_NS } from './panels.js'
import { NOT_WOKEN, type SleepBars } from './sleeps.js'

/** One sentence for each thing that stands out, guest by guest. */
export function describeDrawing({ guests, endNs }: Drawing): string[] {
  return guests.flatMap((guest) => {
    const whose = guests.length > 1 ? `${guest.name}: ` : ''
    return guestWords(guest, endNs).map((words) => `${whose}${words}.`)
  })
}

function guestWords({ curves, stops, marks, sleeps, lateNs }: GuestDrawing, endNs: bigint): string[] {
  return [
    ...marks.map(({ atNs, label }) => `${label} at ${shortAt(atNs)}`),
    ...stops.map(({ fromNs, untilNs }) => `stopped from ${shortAt(fromNs)} to ${shortAt(untilNs)}`),
    ...curves.map(curveWords),
    ...sleeps.flatMap((bars) => sleepWords(bars, lateNs, endNs)),
  ]
}

function curveWords(curve: Curve): string {
  const { name, lowNs, highNs } = curve
  if (worstNs(curve) <= FLAT_NS) return `${name} is right within ${shortNs(worstNs(curve))}`
  return [`${name} is off by ${signedNs(lowNs)} to ${signedNs(highNs)}`, ...faultWords(curve)].join('; it ')
}

/** The worst stall and the worst jump, each `stands still for 19.8 s from 60.2 s`. */
export function faultWords({ stalls, jumps }: Curve): string[] {
  const words: string[] = []
  const stall = stalls.reduce((a, b) => (a && a.stoodNs >= b.stoodNs ? a : b), stalls[0])
  const jump = jumps.reduce((a, b) => (a && magnitude(a.byNs) >= magnitude(b.byNs) ? a : b), jumps[0])
  if (stall) words.push(`stands still for ${shortNs(stall.stoodNs)} from ${shortAt(stall.fromNs)}`)
  if (jump) {
    const way = jump.byNs > 0n ? 'ahead' : 'back'
    words.push(`jumps ${way} by ${shortNs(magnitude(jump.byNs))} at ${shortAt(jump.untilNs)}`)
  }
  return words
}

/** The sleeper's sleep that was latest, if it was late. */
function sleepWords({ name, dueNs, wokeNs }: SleepBars, lateNs: bigint, endNs: bigint): string[] {
  let worst = 0
  const late = (i: number) => (wokeNs[i] === NOT_WOKEN ? endNs : wokeNs[i]!) - dueNs[i]!
  for (let i = 1; i < dueNs.length; i++) if (late(i) > late(worst)) worst = i
  if (late(worst) <= lateNs) return []
  const end = wokeNs[worst] === NOT_WOKEN ? 'has not woken at the end' : `wakes`
  return [`sleeper ${name}, due at ${shortAt(dueNs[worst]!)}, ${end} ${shortNs(late(worst))} late`]
}

export function signedNs(ns: bigint): string {
  return ns > 0n ? `+${shortNs(ns)}` : shortNs(ns)
}

function magnitude(ns: bigint): bigint {
  return ns < 0n ? -ns : ns
}
