/** Searches: the same result whoever works, and small files that fail again. */
import { describe, expect, it } from 'vitest'
import { judge } from '../../src/check/index.js'
import { Instances } from '../../src/core/instances.js'
import type { ClockPolicy } from '../../src/policy/index.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { promising } from '../../src/policy/promises.js'
import { parseScenario } from '../../src/scenario/index.js'
import { counterexample } from '../../src/search/counterexample.js'
import { examine, isPromised } from '../../src/search/examine.js'
import { drawHistory } from '../../src/search/history.js'
import { livePiece, type Piece, piecesOf } from '../../src/search/piece.js'
import { search } from '../../src/search/search.js'
import { namedSubject, type Subject, subjectName, subjectOf } from '../../src/search/subject.js'
import { NONE, sum } from '../../src/search/tally.js'
import { threads } from '../../src/search/threads.js'
import { runScenario } from '../../src/world/index.js'

const instances = new Instances()

describe('a search', () => {
  it('has the same result in pieces of any order, in one thread and in two', async () => {
    const name = await subjectName('power-running', null)
    const subject = await namedSubject(name)
    const whole: Piece = { ...name, seed: 1, from: 100, count: 600 }
    const here = livePiece(whole, subject, instances)
    expect(here.histories).toBe(600)
    expect(Object.keys(here.broken)).toContain('warp')
    const backwards = piecesOf(whole).reverse()
    expect(backwards.map(({ count }) => count)).toEqual([100, 250, 250])
    expect(backwards.map((piece) => livePiece(piece, subject, instances)).reduce(sum, NONE)).toEqual(here)
    for (const count of [1, 2]) {
      const crew = threads(count)
      const reached: number[] = []
      const tally = await search(whole, crew, { onProgress: ({ histories }) => reached.push(histories) })
      await crew.close()
      expect(tally).toEqual(here)
      expect(reached.at(-1)).toBe(600)
      expect(reached).toHaveLength(3)
    }
  })

  it('ends when it is told to', async () => {
    const whole: Piece = { ...(await subjectName('xen-today', null)), seed: 1, from: 0, count: 100_000 }
    const stop = new AbortController()
    const crew = { hands: 1, close: async () => {}, live: async () => ({ ...NONE, histories: 250 }) }
    const onProgress = () => stop.abort(new Error('enough'))
    await expect(search(whole, crew, { signal: stop.signal, onProgress })).rejects.toThrow('enough')
  })
})

/** The first history that breaks it, and what is left of it. */
function found(subject: Subject, breach: 'warp' | 'seam' | 'equal' | 'identity' | 'error') {
  for (let index = 0; index < 3000; index++) {
    const { breaches } = examine(drawHistory(subject, 1, index), subject, instances)
    if (breaches.includes(breach)) return counterexample(subject, { seed: 1, index, breach }, null, instances)
  }
  throw new Error(`nothing breaks ${breach}`)
}

describe('a counterexample', () => {
  it('is a file of which nothing can be left out, that fails as it says, and whose cures cure it', () => {
    const subject = subjectOf(builtInPolicy('power-running'))
    const { text, scenario } = found(subject, 'warp')
    const read = parseScenario(text, 'found.yaml')
    const failing = (policy?: ClockPolicy) =>
      judge(runScenario(read, policy ? { policy } : {}))
        .filter(({ verdict }) => verdict === 'fail')
        .map(({ id }) => id)
    expect(failing()).toEqual(scenario.expect!.fails)
    expect(failing()).toContain('warp')
    // TB goes back because one host's clock is behind the other's: two hosts, one migration, one clock.
    expect(read.hosts).toHaveLength(2)
    expect(read.events.map(({ kind }) => kind)).toEqual(['boot', 'migrate'])
    expect(read.guests.map(({ read, sleep }) => [read.length, sleep.length])).toEqual([[1, 0]])
    expect(read.expect!.curedBy).toContain('power-stopped')
    for (const cure of read.expect!.curedBy) expect(failing(builtInPolicy(cure))).toEqual([])
  })

  const own = (change: Partial<ClockPolicy>): Subject =>
    subjectOf({ ...builtInPolicy('power-stopped'), name: 'own', ...change })

  it('is found where a stop shows by a millisecond', () => {
    const stopped = builtInPolicy('power-stopped')
    const { scenario } = found(
      own({
        promises: promising({ ...stopped.promises, boundNs: 100_000n }),
        restore(context, saved) {
          stopped.restore(context, { ...saved, guest_timebase: saved.guest_timebase! - 512_000n })
        },
      }),
      'identity',
    )
    expect(scenario.events.at(-1)).toMatchObject({ kind: 'migrate', downtimeNs: 0n })
    expect(scenario.expect!.fails).toContain('seam')
  })

  it('is found where two policies are said to be equal and are not', () => {
    const promises = promising({ equals: [{ policy: 'power-running', hosts: 'any' }] })
    const { scenario, message } = found(own({ promises }), 'equal')
    expect(message).toContain('sees something else than under power-running')
    expect(scenario.events.length).toBeLessThanOrEqual(3)
  })

  it('is found where a policy fails', () => {
    const subject = own({
      restore: () => {
        throw new Error('no such device')
      },
    })
    const { message, scenario } = found(subject, 'error')
    expect(message).toBe('no such device')
    expect(scenario.expect).toBeNull()
  })
})

it('what a policy does not promise is told apart', () => {
  const qemu = subjectOf(builtInPolicy('power-qemu'))
  expect(isPromised('warp', qemu)).toBe(true)
  expect(isPromised('wall-error', qemu)).toBe(false)
  expect(isPromised('other-frequency', qemu)).toBe(false)
  expect(isPromised('other-frequency', subjectOf(builtInPolicy('power-frequency-scaled')))).toBe(true)
})
