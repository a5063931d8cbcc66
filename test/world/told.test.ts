/** Lines in which a guest of machine code says what its clocks show, whole and mixed with others. */
import { expect, it } from 'vitest'
import { Told, vcpuOf } from '../../src/world/code/told.js'

/** TB has a tick a nanosecond, from 0. */
const STRETCHES = [{ fromNs: 0n, untilNs: 1_000_000n, standing: { at: 0n, rate: 1n, den: 1n }, tbOffset: 0n }]

function told(...lines: readonly string[]): Told {
  const all = new Told()
  all.hear(`${lines.join('\r\n')}\r\n`, STRETCHES, [])
  return all
}

it('clocks of several vCPUs are several readers, and a sleeper says its vCPU in its name', () => {
  const { readers, sleepers, log } = told(
    '@clocks 1 tb 100 monotonic 7 tb 102',
    '@clocks 1 cpu 3 tb 0xc8 monotonic 8 counter 0xca tb 0xcc',
    '@sleeps dec@2 monotonic asked 50 tb 300',
    '@woke dec@2 monotonic late 5 tb 355',
  )
  expect(readers.map(({ name, vcpu }) => [name, vcpu])).toEqual([
    ['monotonic', 0],
    ['monotonic on vCPU 3', 3],
    ['counter on vCPU 3', 3],
  ])
  expect(sleepers.map(({ name, forNs }) => [name, forNs, vcpuOf(name)])).toEqual([
    ['dec@2 monotonic', 50n, 2],
  ])
  expect([...log.all()].map(({ trueNs, value }) => [trueNs, value])).toEqual([
    [101n, 7n],
    [202n, 8n],
    [202n, 202n],
    [300n, 50n],
    [355n, 55n],
  ])
})

it.each([
  '@clocks 1 tb 100 monotonic 7[ 36.85] watchdog: CPU 3 tb 102',
  '@clocks 1 tb 100 monotonic 7',
  '@clocks 1 tb 100 monotonic',
  '@clocks 1',
  '[ 36.85] @clocks 1 tb 100 monotonic 7 tb 102',
  '@sleeps dec monotonic asked 50 tb 30[ 36.85] rcu',
  '@clocks 1 tb 100 monotonic 7 tb 102 and more',
])('%j is mixed with another line, or cut: left out', (line) => {
  const { readers, sleepers, log } = told(line)
  expect([readers, sleepers, log.length]).toEqual([[], [], 0])
})
