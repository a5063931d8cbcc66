/** What a migration has come to, for people and for programs. */
import { shortAt, shortNs } from '../check/format.js'
import type { Migrated, Received, Recovered, Round } from '../migration/index.js'
import type { Json } from './json.js'

const MIB = 1024 * 1024
const HEAD = ['round', 'pages', 'sent', 'true time', 'dirty', 'expected downtime', 'throttle']
const WIDTHS = [5, 8, 11, 11, 8, 18, 9]

const columns = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => cell.padStart(WIDTHS[i]!))
    .join(' ')
    .trimEnd()

/** The line above the rounds. */
export const roundHead = (): string => columns(HEAD)

export function roundLine(round: Round): string {
  const { number, pages, bytes, beginNs, endNs, dirtyPages, expectedDowntimeNs, throttle } = round
  return columns([
    `${number}`,
    pages.toLocaleString('en-US'),
    `${(bytes / MIB).toFixed(1)} MiB`,
    shortNs(endNs - beginNs),
    dirtyPages.toLocaleString('en-US'),
    shortNs(expectedDowntimeNs),
    throttle === 0 ? '-' : `${throttle} %`,
  ])
}

/** `withRounds`: they were not shown before. */
export function migratedText(migrated: Migrated, withRounds: boolean): string {
  const { outcome, guest, to, host, reason, rounds, journal, stopNs, landNs, lastPages, downtimeMs } =
    migrated
  const lines = withRounds && rounds.length > 0 ? [roundHead(), ...rounds.map(roundLine), ''] : []
  if (stopNs !== null && landNs !== null)
    lines.push(
      `stopped at ${shortAt(stopNs)} for ${shortNs(landNs - stopNs)} of true time; ${lastPages} pages were left`,
    )
  switch (outcome) {
    case 'moved':
      lines.push(
        `guest ${guest} is on host ${host} of ${to}; handed over in ${downtimeMs!.toFixed(1)} ms of real time`,
      )
      break
    case 'kept':
      lines.push(`guest ${guest} stayed here: ${reason}`)
      break
    case 'doubt':
      lines.push(
        `guest ${guest} may be at ${to}, which does not say so: ${reason}`,
        'it does not run here; ask again with',
        `  chronovisor migrate --recover ${journal}`,
      )
  }
  return `${lines.join('\n')}\n`
}

export function migratedJson(migrated: Migrated): Json {
  const text = (ns: bigint | null) => (ns === null ? null : `${ns}`)
  return {
    outcome: migrated.outcome,
    id: migrated.id,
    guest: migrated.guest,
    to: migrated.to,
    host: migrated.host,
    policy: migrated.policy,
    reason: migrated.reason,
    journal: migrated.outcome === 'doubt' ? migrated.journal : null,
    stop_true_ns: text(migrated.stopNs),
    save_true_ns: text(migrated.saveNs),
    land_true_ns: text(migrated.landNs),
    last_pages: migrated.lastPages,
    rounds: migrated.rounds.map((round) => ({
      number: round.number,
      pages: round.pages,
      bytes: round.bytes,
      begin_true_ns: `${round.beginNs}`,
      end_true_ns: `${round.endNs}`,
      dirty_pages: round.dirtyPages,
      expected_downtime_ns: `${round.expectedDowntimeNs}`,
      throttle_percent: round.throttle,
    })),
    // Of this machine and this moment; all else is equal everywhere.
    real_copy_ms: migrated.copyMs,
    real_downtime_ms: migrated.downtimeMs,
  }
}

export function recoveredText({ outcome, guest, to, reason }: Recovered): string {
  if (outcome === 'moved') return `guest ${guest} is at ${to}: ${reason}\n`
  if (outcome === 'kept') return `guest ${guest} is here: ${reason}\n`
  return `guest ${guest} may be at ${to}: ${reason}\n`
}

export function recoveredJson({ outcome, id, guest, to, reason }: Recovered): Json {
  return { outcome, id, guest, to, reason }
}

export function receivedJson({ id, guest, host, policy, from, landNs, settled }: Received): Json {
  return { id, guest, host, policy, from, land_true_ns: `${landNs}`, settled }
}
