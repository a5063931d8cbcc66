/**
 * SLOF, QEMU's Open Firmware (Debian's qemu-system-data), as a guest. Fetched when the tests run; where the archive does not
 * answer they are left out and say so.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bootMachine, type PowerMachine } from '../../src/power/index.js'
import { fetched } from './debian.js'

const { path, missing } = fetched('slof')

/** Runs until the guest has printed `words`; answers what it printed. */
function until(machine: PowerMachine, words: string): string {
  const limit = machine.cycles + 1_000_000_000n
  let text = ''
  while (
    !text.includes(words) &&
    machine.cycles < limit &&
    machine.run(machine.cycles + 10_000_000n) === 'time'
  )
    text += machine.takeConsole()
  return text
}

describe.skipIf(missing !== '')(`SLOF${missing}`, () => {
  // Its prompt takes 3 G instructions more: docs/evidence.md has it.
  it('starts from our tree, shows its banner and sets itself up', { timeout: 120_000 }, () => {
    const options = { model: 'pseries', rawAt: 0, entry: 0x100n, ramBytes: 128 << 20 } as const
    const machine = bootMachine(readFileSync(path), 'slof.bin', options)
    const text = until(machine, 'C0300')
    expect(text).toContain('QEMU Starting')
    expect(text).toContain('Press "s" to enter Open Firmware.')
    expect(text).toContain('C0300')
  })
})
