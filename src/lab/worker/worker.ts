/**
 * The Worker of the page: it fetches the package's core, runs scenarios on it and answers what the page asks
 * (protocol.ts). One request after the other; nothing is computed on the page's own thread.
 */
import coreUrl from '../../../build/core.wasm?url'
import { shortNs, shortPpb } from '../../check/format.js'
import { type CheckResult, checkIds } from '../../check/index.js'
import { drawingSvg, readingAt } from '../../draw/index.js'
import { ScenarioError } from '../../scenario/error.js'
import type { Calls, Cell, Column, Kind, Problem, Reading, Reply, Request } from '../protocol.js'
import { exported } from './export.js'
import { fetchModule } from './fetch.js'
import { turned } from './knobs.js'
import { lookAt } from './look.js'
import { Session, type SideRun } from './session.js'

interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null
  postMessage(reply: Reply): void
}
const scope = globalThis as unknown as Scope

const ready = fetchModule('core', coreUrl)
let session: Session | null = null

const answers: { readonly [K in Kind]: (ask: Calls[K]['ask']) => Calls[K]['answer'] } = {
  run: (setup) => {
    session = new Session(setup)
    return session.view
  },
  draw: ({ side, width, fromNs, untilNs }) => {
    const { drawing, bins } = sideOf(side)
    return drawingSvg(drawing, { width, fromNs, untilNs, styled: false, bins })
  },
  read: ({ side, atNs }) => readings(sideOf(side), atNs),
  look: ({ side, atNs }) => lookAt(sideOf(side).cursor.at(atNs), running().scenario, atNs),
  step: ({ side, atNs, forward, grain }) => {
    const { cursor } = sideOf(side)
    return forward ? cursor.next(atNs, grain) : cursor.previous(atNs, grain)
  },
  column: ({ policy }) => columnOf(policy),
  turn: ({ text, path, value }) => turned(text, path, value),
  export: ({ side, kind, fromNs, untilNs }) => exported(sideOf(side), kind, { fromNs, untilNs }),
}

function running(): Session {
  if (!session) throw new Error('nothing was run yet')
  return session
}

function sideOf(side: number): SideRun {
  const found = running().sides[side]
  if (!found) throw new Error(`there is no side ${side}`)
  return found
}

function readings({ drawing }: SideRun, atNs: bigint): Reading[] {
  return drawing.guests.flatMap(({ name: guest, curves }) =>
    curves.flatMap((curve) => {
      const reading = readingAt(curve, atNs)
      return reading ? [{ guest, name: curve.name, off: offText(reading.errorNs) }] : []
    }),
  )
}

function offText(ns: bigint): string {
  if (ns === 0n) return '0 s'
  return ns > 0n ? `+${shortNs(ns)}` : `−${shortNs(-ns)}`
}

// ---- the table of policies and checks

function columnOf(policy: string): Column {
  const { policy: found, checks, verdict } = running().judged(policy)
  const ids: CheckResult['id'][] = [...checkIds, 'fault']
  const cells = ids.flatMap((id) => cellOf(checks.filter((check) => check.id === id)))
  return { policy, title: found.title, verdict, cells }
}

/** Of one check on all guests the worst. */
function cellOf(checks: readonly CheckResult[]): Cell[] {
  const [worst] = [...checks].sort(
    (a, b) => rank(b) - rank(a) || Number(size(b) > size(a)) - Number(size(b) < size(a)),
  )
  if (!worst) return []
  const { id, verdict, message } = worst
  return [{ check: id, verdict, message, value: valueText(worst) }]
}

const rank = ({ verdict }: CheckResult): number => ['skip', 'pass', 'fail'].indexOf(verdict)
const size = ({ value }: CheckResult): bigint => (value === null ? 0n : value < 0n ? -value : value)

function valueText(check: CheckResult): string {
  const value = size(check)
  if (value === 0n) return ''
  return check.unit === 'ns' ? shortNs(value, 3) : check.unit === 'ppb' ? shortPpb(value, 3) : `${value}`
}

// ---- messages

function problemOf(error: unknown): Problem {
  if (error instanceof ScenarioError) {
    return {
      line: error.position?.line ?? null,
      column: error.position?.column ?? null,
      message: error.detail,
    }
  }
  return { line: null, column: null, message: error instanceof Error ? error.message : String(error) }
}

scope.onmessage = async ({ data: { id, kind, ask } }) => {
  try {
    await ready
    const answer = (answers[kind] as (ask: unknown) => Calls[Kind]['answer'])(ask)
    scope.postMessage({ id, answer })
  } catch (error) {
    scope.postMessage({ id, problem: problemOf(error) })
  }
}
