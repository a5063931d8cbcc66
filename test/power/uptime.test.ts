/** Two idle hours of Debian's Linux; `npm run linux:uptime` is the long form, and docs/evidence.md has thirty days. */
import { describe, expect, it } from 'vitest'
import { packagedFile } from '../../scripts/guests/images.js'
import { HOUR, LongGuest } from '../../scripts/guests/uptime.js'
import { fetched } from './debian.js'

const kernel = fetched('linux-6.1')
const busybox = fetched('busybox')
const missing = kernel.missing || busybox.missing

describe.skipIf(missing !== '')(`an idle Linux${missing}`, () => {
  it('keeps time for two hours, its sleepers wake when they are due, and without DEC it waits for a key', {
    timeout: 180_000,
  }, () => {
    const guest = new LongGuest(kernel.path, packagedFile('busybox'))
    guest.hour()
    guest.hour()
    const up = guest.result()
    expect(up.said).toEqual([])
    expect(up.hours).toBe(2)
    expect(up.clocks.map(({ clock }) => clock)).toEqual([
      'realtime',
      'monotonic',
      'boottime',
      'monotonic-raw',
    ])
    for (const { gainedNs } of up.clocks) expect(Math.abs(Number(gainedNs))).toBeLessThan(1000)
    expect(up.timebaseGained).toBe('0')
    expect(Math.abs(up.platformSecondsOff)).toBeLessThanOrEqual(1)
    expect(up.uptimeSeconds).toBeGreaterThan(7200)
    expect(up.sleepers.map(({ sleeps }) => sleeps)).toHaveLength(6)
    for (const { sleeps, leastLateNs, mostLateNs } of up.sleepers) {
      expect(sleeps).toBeGreaterThanOrEqual(1)
      expect(Number(leastLateNs)).toBeGreaterThanOrEqual(0)
      expect(Number(mostLateNs)).toBeLessThan(1_000_000)
    }
    // NO_HZ: a tick that never stops would interrupt 250 times a second.
    expect(up.timerInterrupts / 7200).toBeGreaterThan(1)
    expect(up.timerInterrupts / 7200).toBeLessThan(10)

    // DEC lost, an hour without a key, and then one. Either the kernel finds out and sets DEC, or it polls for ever.
    const { machine } = guest
    const before = machine.instructions
    guest.loseDec()
    expect(guest.go(HOUR)).toBe('')
    expect(machine.instructions).toBe(before)
    machine.type(Buffer.from('\n'))
    const said = guest.go(100_000_000n)
    expect(said.includes('self-detected hard LOCKUP')).toBe(guest.decNs < HOUR)
    expect(guest.decNs < HOUR || machine.instructions - before > 50_000_000n).toBe(true)
  })
})
