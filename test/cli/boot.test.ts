/** `chronovisor boot`: what the guest prints, how it ended, and what is said of a file that cannot be loaded. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { execute } from './execute.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-boot-'))
afterAll(() => rmSync(folder, { recursive: true }))
const guest = (name: string) => new URL(`../guests/power/${name}.elf`, import.meta.url).pathname

/** A guest with some of its bytes changed. */
function broken(bytes: Readonly<Record<number, number>>, length?: number): string {
  const file = join(folder, 'broken.elf')
  const copy = readFileSync(guest('b32-decrw')).subarray(0, length)
  for (const [offset, byte] of Object.entries(bytes)) copy[Number(offset)] = byte
  writeFileSync(file, copy)
  return file
}

describe('boot', () => {
  it('prints what the guest prints, and says on stderr how it ended', async () => {
    const { code, stdout, stderr } = await execute(['boot', guest('b64-decrw')])
    expect(code).toBe(0)
    expect(stdout).toBe(
      'HELLO\n@decrw START 0000000000000000 0000000000000000\n@decrw END 0000000000177005 00000000000f4240\n',
    )
    expect(stderr).toMatch(/^chronovisor: powered off at 0x[0-9a-f]+ after 3001\d\d\d cycles, TB \d+\n$/)
  })

  it('--json is one document, equal twice', async () => {
    const once = () => execute(['boot', guest('b32-decrw'), '--json', '--cost', 'system=5'])
    const [first, second] = [await once(), await once()]
    expect(first).toEqual(second)
    const { stop, fault, instructions, console, timebase } = JSON.parse(first.stdout)
    expect({ stop, fault, instructions }).toEqual({ stop: 'halted', fault: null, instructions: null })
    expect(console).toContain('@decrw END ')
    // 1 M pairs of mtspr and mfspr at 5 cycles each, and bdnz: 11 cycles, at ten a tick.
    expect(Number(timebase)).toBeGreaterThan(1_100_000)
    expect(Number(timebase)).toBeLessThan(1_102_000)
  })

  it('stops where --max-instructions says', async () => {
    const { code, stdout } = await execute([
      'boot',
      guest('b32-tick'),
      '--json',
      '--max-instructions',
      '12_345_678',
    ])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      stop: 'time',
      cycles: '12345678',
      instructions: '12345678',
      timebase: '1234567',
    })
  })

  it('--save writes a machine that boot goes on from, to the same end', async () => {
    const file = join(folder, 'saved.chvp')
    const boot = (...args: string[]) => execute(['boot', ...args, '--json'])
    const whole = await boot(guest('b64-clocks'), '--max-instructions', '70_000_001')
    const first = await boot(guest('b64-clocks'), '--max-instructions', '33_333_333', '--save', file)
    const second = await boot(file, '--max-instructions', '70_000_001')
    const [one, other, all] = [first, second, whole].map(({ stdout }) => JSON.parse(stdout))
    expect(other.state_hash).toBe(all.state_hash)
    expect(one.console + other.console).toBe(all.console)
    const refused = await boot(file, '--append', 'words')
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`--append: ${file} is a saved machine; expected none of what makes one`),
    ])
    writeFileSync(file, readFileSync(file).subarray(0, 5000))
    const cut = await boot(file)
    expect([cut.code, cut.stderr]).toEqual([2, expect.stringContaining('offset 5000: the file ends inside')])
  })

  it('a guest that asks for a reboot is booted again as often as wanted', async () => {
    const file = join(folder, 'reboot.bin')
    const image = Buffer.alloc(0x140)
    // H_PUT_TERM_CHAR of one A; then H_RTAS with system-reboot's block at 0x200.
    const code = [0x38600058, 0x38800000, 0x38a00001, 0x3cc04100, 0x78c607c6, 0x44000022]
    const rtas = [0x3c600000, 0x6063f000, 0x38800200, 0x44000022, 0x48000000]
    for (const [i, word] of [...code, ...rtas].entries()) image.writeUInt32BE(word, 4 * i)
    for (const [i, word] of [0x2004, 0, 1, 0].entries()) image.writeUInt32BE(word, 0x100 + 4 * i)
    writeFileSync(file, image)
    const args = ['boot', file, '--raw', '0x100', '--machine', 'pseries']
    const once = await execute(args)
    expect([once.code, once.stdout]).toEqual([0, 'A'])
    expect(once.stderr).toContain('asked for a reboot')
    expect((await execute([...args, '--reboots', '2'])).stdout).toBe('AAA')
  })

  it('a guest that the machine cannot go on with ends with 1', async () => {
    const file = join(folder, 'raw.bin')
    // Translation by hashed page tables: MSR[DR] is set, and no process table says that the trees are radix trees.
    writeFileSync(file, new Uint8Array([0x38, 0x60, 0, 0x10, 0x7c, 0x60, 1, 0x24, 0x80, 0x60, 0, 0]))
    const { code, stderr } = await execute(['boot', file, '--raw', '0x100', '--machine', 'pseries'])
    expect(code).toBe(1)
    expect(stderr).toContain('address translation that this CPU does not have')
  })

  it.each([
    ['no ELF file', { 1: 0 }, undefined, 'offset 0: not an ELF file'],
    ['another machine', { 19: 62 }, undefined, 'offset 18: machine 62; expected 20 (PowerPC)'],
    ['a cut file', {}, 300, 'goes to'],
    ['a cut header', {}, 40, 'offset 40: the file ends inside its header of 52 bytes'],
    ['not linked', { 17: 3 }, undefined, 'offset 16: type 3; expected 2'],
  ])('%s', async (_, bytes, length, message) => {
    const { code, stdout, stderr } = await execute(['boot', broken(bytes, length)])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it.each([
    [['boot', guest('b64-decrw'), '--machine', 'bare32'], 'a 64-bit program'],
    [['boot', guest('b32-sort'), '--memory', '1 MiB'], 'does not fit into 1048576 bytes'],
    [
      ['boot', guest('b64-sort'), '--dtb', 'package.json'],
      'package.json: offset 0: not a flattened device tree',
    ],
    [['boot', guest('b64-sort'), '--cpus', '5'], 'expected 1 to 4'],
    [['boot', guest('b64-sort'), '--date', 'soon'], 'expected 2026-01-31'],
    [['boot', guest('b64-sort'), '--memory', '3GiB'], 'expected 1 MiB to 2 GiB'],
    [['boot', guest('b32-decrw'), '--cost', 'magic=2'], 'expected CLASS=CYCLES'],
    [['boot', guest('b32-decrw'), '--tb', 'fast'], 'expected a frequency'],
    [['boot', guest('b32-decrw'), '--raw', '0'], '--raw needs --machine'],
  ])('%s', async (args, message) => {
    const { code, stderr } = await execute(args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
