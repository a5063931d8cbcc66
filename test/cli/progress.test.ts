/** `run --progress`: how far a run is, on stderr and nowhere else. */
import { describe, expect, it } from 'vitest'
import { progressLine } from '../../src/cli/output.js'
import { runScenario } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'
import { execute } from './execute.js'

const DAY = 86_400_000_000_000n

describe('the line', () => {
  it.each([
    [DAY, 4n * DAY, 3, 1_000, '25 %, 24 h of 4 d, 86,400 × real time, 3 events left'],
    [DAY / 86_400n, DAY / 43_200n, 1, 2_000, '50 %, 1 s of 2 s, 0.5 × real time, 1 event left'],
    [0n, DAY, 0, 0, '0 %, 0 s of 24 h, 0 × real time, 0 events left'],
  ])('%d ns of %d ns, %d events, %d ms', (reached, end, events, tookMs, line) => {
    expect(progressLine(reached, end, events, tookMs)).toBe(line)
  })
})

describe('a run', () => {
  it('shows it on stderr where there is no terminal only if asked to', async () => {
    const asked = await execute(['run', 'uptime-2038', '--progress'])
    expect(asked.stderr).toMatch(/^uptime-2038: 100 %, 120 s of 120 s, [\d,.]+ × real time, 0 events left\n$/)
    const silent = await execute(['run', 'uptime-2038'])
    expect(silent).toEqual({ ...asked, stderr: '' })
  })

  it('tells its progress up to the end, counts events down, and is not changed by it', async () => {
    const scenario = await libraryScenario('uptime-dec-32')
    const told: { reached: bigint; events: number }[] = []
    const watched = runScenario(scenario, {
      onProgress: (reached, end, events) => {
        expect(end).toBe(scenario.durationNs)
        told.push({ reached, events })
      },
    })
    expect(told.at(-1)).toEqual({ reached: scenario.durationNs, events: 0 })
    expect(told[0]).toEqual({ reached: 60_000_000_000n, events: 0 })
    for (const [i, { reached }] of told.entries())
      if (i > 0) expect(reached > told[i - 1]!.reached).toBe(true)
    expect(watched.guests[0]!.stateHash).toBe(runScenario(scenario).guests[0]!.stateHash)
  })

  it('of years takes no more steps than one of days', async () => {
    const scenario = await libraryScenario('uptime-dec-56')
    let steps = 0
    runScenario(scenario, { onProgress: () => steps++ })
    expect(steps).toBeLessThanOrEqual(10_003)
  })
})
