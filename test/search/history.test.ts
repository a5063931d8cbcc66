/** What is drawn: scenarios, the same for the same seed and index, and the same again when they were written. */
import { describe, expect, it } from 'vitest'
import { builtInPolicy } from '../../src/policy/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import type { Scenario } from '../../src/scenario/types.js'
import { drawHistory } from '../../src/search/history.js'
import { subjectOf } from '../../src/search/subject.js'
import { historyText } from '../../src/search/write.js'

/** Places in the file are no part of a history. */
const withoutPlaces = (scenario: Scenario): unknown =>
  JSON.parse(
    JSON.stringify(scenario, (key, value) =>
      key === 'position' ? undefined : typeof value === 'bigint' ? `${value}` : value,
    ),
  )

const subjects = ['xen-2008', 'xen-today', 'kvm-realtime', 'power-running', 'power-tcg'].map((name) =>
  subjectOf(builtInPolicy(name)),
)

describe.each(subjects)('$policy.name', (subject) => {
  it('every history is a scenario, and reads as it was written', () => {
    for (let index = 0; index < 60; index++) {
      const history = drawHistory(subject, 3, index)
      const text = historyText(history)
      expect(withoutPlaces(parseScenario(text, history.fileName)), text).toEqual(withoutPlaces(history))
    }
  })

  it('depends on seed and index, and on nothing else', () => {
    const drawn = (seed: number, index: number) => withoutPlaces(drawHistory(subject, seed, index))
    const forwards = [0, 1, 2, 3].map((index) => drawn(5, index))
    const backwards = [3, 2, 1, 0].map((index) => drawn(5, index)).reverse()
    expect(backwards).toEqual(forwards)
    expect(drawn(6, 0)).not.toEqual(forwards[0])
    expect(new Set(forwards.map((one) => JSON.stringify(one))).size).toBe(4)
  })
})

it('draws what is to be searched: overlapping, aborted and repeated migrations, reboots, days, NTP', () => {
  const kinds = new Map<string, number>()
  const count = (kind: string) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  for (let index = 0; index < 2000; index++) {
    const { events, hosts, guests, durationNs } = drawHistory(subjects[1]!, 1, index)
    const moves = events.filter((event) => event.kind === 'migrate')
    for (const { kind } of events) count(kind)
    if (moves.some(({ aborted }) => aborted)) count('aborted')
    if (moves.length > 1) count('repeated')
    const overlap = moves.some((a) =>
      moves.some((b) => a.guest !== b.guest && a.atNs <= b.atNs && b.atNs < a.atNs + a.downtimeNs),
    )
    if (overlap) count('overlapping')
    if (durationNs > 86_400_000_000_000n) count('days')
    if (hosts.some(({ tsc }) => tsc!.calibratedHz !== null)) count('calibration')
    if (guests.some(({ dom0 }) => dom0)) count('dom0')
  }
  const all =
    'migrate save restore pause resume reboot ntp-step ntp-slew set-wall agent-settime guest-ntp-step'
  const more = 'guest-ntp-slew rtc-resync steal aborted repeated overlapping days calibration dom0'
  for (const kind of `${all} ${more}`.split(' ')) expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(4)
})
