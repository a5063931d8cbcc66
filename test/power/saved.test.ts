/** A machine in a file: gone on from as if never touched, and refused when it is not whole. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bootMachine, type PowerOptions } from '../../src/power/index.js'
import { readSaved, SavedError, savedBytes } from '../../src/power/saved.js'
import { isSaved } from '../../src/power/saved-magic.js'

const boot = (name: string, options: PowerOptions = {}) =>
  bootMachine(readFileSync(new URL(`../guests/power/${name}.elf`, import.meta.url)), name, options)

/** Of a machine that has run a little. */
function saved(name: string, options: PowerOptions = {}): Uint8Array {
  const machine = boot(name, options)
  machine.run(1_000_000n)
  machine.takeConsole()
  return savedBytes(machine)
}

describe('a saved machine', () => {
  it.each([
    ['b64-clocks', {}],
    ['b32-tick', { cpuHz: 300_000_000n, tbHz: 33_333_333n }],
    ['b64-radix-4', { costs: { load: 3 } }],
  ] as const)('%s goes on as if never touched', (name, options) => {
    const whole = boot(name, options)
    whole.run(1_000_000n)
    whole.takeConsole()
    const machine = readSaved(saved(name, options), name)
    expect([machine.cycles, machine.described.cpuHz]).toEqual([whole.cycles, whole.described.cpuHz])
    for (const one of [whole, machine]) one.run(60_000_000n)
    expect(machine.hash).toBe(whole.hash)
    expect(machine.takeConsole()).toBe(whole.takeConsole())
  })

  it('is refused where it is wrong', () => {
    const bytes = saved('b64-clocks')
    expect(isSaved(bytes)).toBe(true)
    const changed = (change: (copy: Uint8Array, view: DataView) => void) => () => {
      const copy = bytes.slice()
      change(copy, new DataView(copy.buffer))
      return readSaved(copy, 'x')
    }
    const header = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true)
    const firstRun = 16 + header
    expect(changed((copy) => copy.set([0]))).toThrow('x: offset 0: not a saved machine')
    expect(changed((_, view) => view.setUint32(8, 2, true))).toThrow('x: offset 8: version 2; expected 1')
    expect(changed((_, view) => view.setUint32(12, 1e6, true))).toThrow('x: offset 12: a header of 1000000')
    expect(changed((copy) => copy.set([0], 16))).toThrow('x: offset 16: the header is not JSON')
    expect(changed((_, view) => view.setUint32(firstRun + 4, 1e9, true))).toThrow(
      `x: offset ${firstRun}: pages`,
    )
    expect(changed((copy) => copy.set([1], firstRun + 50))).toThrow(
      /x: offset 16: its state has the hash \w+; expected \w+/,
    )
    for (const length of [10, 100, firstRun + 6, firstRun + 5000, bytes.length - 3])
      expect(() => readSaved(bytes.subarray(0, length), 'x')).toThrow(SavedError)
  })

  it.each([
    ['"layout":1', '"layout":9', "layout 9; expected 1, this version's layout"],
    ['"model":"pseries"', '"model":"pserIes"', 'model "pserIes"; expected bare32 or pseries'],
    ['"ram_bytes":16777216', '"ram_bytes":16777217', 'ram_bytes 16777217; expected pages up to 2 GiB'],
    ['"cpu_hz":"1000000000"', '"cpu_hz":"-000000000"', 'cpu_hz "-000000000"; expected a number of Hz'],
    ['"dec_bits":56', '"dec_bits":99', 'dec_bits 99; expected bits up to 64'],
    ['"model":"pseries"', '"model": "bare32"', 'the state is not of a bare32 machine'],
    ['"cpus":1', '"cpus":9', '9 vCPUs: 1 to 4'],
  ])('with %s as %s is refused', (from, to, told) => {
    const text = Buffer.from(saved('b64-clocks'))
    const at = text.indexOf(from)
    expect(at).toBeGreaterThan(0)
    text.write(to, at)
    expect(() => readSaved(text, 'x')).toThrow(`x: offset 16: ${told}`)
  })
})
