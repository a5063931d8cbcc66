/** An instance that was used is as good as a new one: what a guest sees in it is the same, to the byte. */
import { describe, expect, it } from 'vitest'
import { Instances } from '../../src/core/instances.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import { drawHistory } from '../../src/search/history.js'
import { subjectOf } from '../../src/search/subject.js'
import { type RunResult, runScenario } from '../../src/world/index.js'

const seen = ({ guests }: RunResult) =>
  guests.map(({ observations, stops, ticks, fault }) => [
    Buffer.from(observations.records()).toString('base64'),
    stops,
    ticks,
    fault,
  ])

const instances = new Instances()

// One after the other, so that each history finds what histories of other systems have left.
describe.each([0, 1, 2, 3, 4, 5, 6, 7])('history %i', (index) => {
  it.each(['xen-2008', 'kvm-qemu', 'xen-today', 'power-tcg', 'power-running', 'kvm-tsc-offset'])(
    '%s: used instances show the same as new ones',
    (name) => {
      const policy = builtInPolicy(name)
      const history = drawHistory(subjectOf(policy), 11, index)
      const fresh = seen(runScenario(history, { policy }))
      expect(seen(runScenario(history, { policy, instances }))).toEqual(fresh)
      instances.reclaim()
    },
  )
})

it('a program that writes its memory leaves nothing behind', () => {
  const text = (write: string) => `name: writer
title: A program writes all over its memory
duration: 100 ms
hosts:
  a: { hypervisor: kvm }
guests:
  g: { on: a, kernel: linux-kvm, read: [{ clock: monotonic, every: 1 ms }]${write} }
`
  const pool = new Instances()
  const last = () => {
    const core = pool.take()
    const bytes = new Uint8Array(core.memory.buffer, core.address_guest_memory())
    return bytes.some((byte) => byte !== 0)
  }
  runScenario(parseScenario(text(', write: [{ pages: 64, every: 1 us }]'), 'w'), { instances: pool })
  pool.reclaim()
  expect(last()).toBe(false)
  expect(last()).toBe(false)
})
