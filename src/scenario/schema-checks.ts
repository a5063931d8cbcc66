/** The part of the format that judges: checks with their limits, and what a scenario says of its own end. */
import { z } from 'zod'
import { duration, integer, line, list, mapping, name, rate, word } from './fields.js'
import { MAX_GUESTS } from './limits.js'
import type { CheckId } from './types.js'

export const policyName = (about: string) => line(255, about)

/** A check: its limit, or `off`. */
function check<Limit extends z.core.$ZodLooseShape>(
  limit: Limit,
  about: string,
  standard: 'off' | object = {},
) {
  const error = `off, or a mapping such as {${Object.keys(limit).map((key) => ` ${key}: … `)}}`
  return z
    .union([z.literal('off'), mapping(limit, about)], { error })
    .meta({ description: about })
    .prefault(standard as never)
}
// Limits are what runs of several seeds are judged by alike, so they are no ranges.
const timeLimit = (standard: string, about: string) =>
  check(
    { limit: duration('0 s', '100 y', 'the most that passes', { fixed: true }).prefault(standard) },
    about,
  )
const countLimit = (standard: number, about: string) =>
  check({ limit: integer(0, 1_000_000_000, 'the most that passes').prefault(standard) }, about)

export const checkShape = {
  warp: timeLimit('0 s', 'a clock steps backwards'),
  jump: timeLimit('100 ms', 'a clock steps forwards'),
  stall: timeLimit('1 s', 'a clock stands still'),
  'late-wake': timeLimit('100 ms', 'a sleeper wakes too late'),
  'early-wake': timeLimit('1 ms', 'a sleeper wakes too early'),
  'lost-wake': timeLimit('5 s', 'a sleeper has not woken at the end'),
  'wake-storm': countLimit(1000, 'wakes or timer interrupts in one second'),
  steal: timeLimit('100 ms', 'stolen time that the guest accounts against what was stolen'),
  'soft-lockup': timeLimit('20 s', 'how long a vCPU makes no progress in its own eyes'),
  'stale-wall': timeLimit('1 s', 'how long the guest sees an old wall clock after a change'),
  rate: check(
    { limit: rate('the most that passes', '0 ppm', { fixed: true }).prefault('500 ppm') },
    'a clock runs too fast or too slow',
  ),
  'wall-error': timeLimit('1 s', "the guest's wall clock against true time"),
  'backwards-warning': countLimit(0, 'how often the kernel warns that time went backwards'),
  skew: timeLimit('1 us', 'one clock on two vCPUs at one instant'),
  'set-back': timeLimit('10 s', 'a program of the guest sets its clock back'),
  backlog: countLimit(1000, 'overdue sleepers that wake in the first second after a stop'),
  'cycle-offset': timeLimit('100 y', 'the kernel warns that its clocksource went on for too long'),
  monotonic: check(
    {
      downtime: word(
        ['either', 'counted', 'excluded'],
        'what a downtime does to the monotonic clock',
      ).prefault('either'),
    },
    'the monotonic clock over a downtime',
  ),
  seam: check(
    { limit: duration('0 s', '100 y', 'the most that passes', { fixed: true }).prefault('1 ms') },
    'what a stop does to a clock beyond its downtime',
    'off',
  ),
} satisfies Record<CheckId, z.ZodType>

export const CHECK_IDS = Object.keys(checkShape) as CheckId[]

const formula = (about: string) =>
  z
    .union([z.int().transform(String), line(300, about)], {
      error: 'a formula such as 2 * guests.g.read.0.every',
    })
    .meta({ description: about })
const prediction = mapping(
  {
    guest: name('a guest of this scenario').optional(),
    check: word(CHECK_IDS as [CheckId, ...CheckId[]], 'a check'),
    value: formula('formula of its worst value'),
    within: formula('formula of how far the run may be away').prefault('0'),
    at: formula('formula of the true time of the worst value').optional(),
    'at-within': formula('formula of how far that may be away').prefault('0'),
    why: line(300, 'why it must be so').optional(),
  },
  'a worst value that is known before the run',
)

export const expectation = mapping(
  {
    verdict: word(['pass', 'fail'], 'of the whole run'),
    fails: list(
      word(CHECK_IDS as [CheckId, ...CheckId[]], 'a check'),
      CHECK_IDS.length,
      'checks',
      'exactly these checks fail',
    ).optional(),
    'cured-by': list(policyName('a policy'), 32, 'policies', 'policies under which it passes').prefault([]),
    passes: list(
      name('a guest of this scenario'),
      MAX_GUESTS,
      'guests',
      'guests on which every check holds',
    ).prefault([]),
    predict: list(prediction, 64, 'predictions', 'worst values that are known before the run').prefault([]),
  },
  'what the run is known to end in',
)
