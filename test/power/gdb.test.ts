/** The debugger's stub: the protocol by itself, and a real gdb where there is one. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { Debugger } from '../../src/power/gdb/debugger.js'
import { encodePacket, PacketReader } from '../../src/power/gdb/packets.js'
import { GdbStub } from '../../src/power/gdb/stub.js'
import { bootMachine, serveGdb } from '../../src/power/index.js'

const elf = (name: string) => readFileSync(new URL(`../guests/power/${name}.elf`, import.meta.url))
const boot = (name: string) => bootMachine(elf(name), name, { ramBytes: 4 << 20 })
const never = async () => false

/** In the sort program: the load of a pivot, in a loop of 25 rounds; r9 is four times its index. */
const PIVOT = 0x11a0n

describe('packets', () => {
  it('come in any pieces, escaped, with what is between them', () => {
    const wire = Buffer.concat([
      Buffer.from('+'),
      encodePacket('m1,#}$*'),
      Buffer.from([3]),
      encodePacket('?'),
    ])
    const reader = new PacketReader()
    const arrivals = [...wire].flatMap((byte) => reader.take(Uint8Array.of(byte)))
    expect(arrivals).toEqual([
      { kind: 'packet', data: 'm1,#}$*' },
      { kind: 'interrupt' },
      { kind: 'packet', data: '?' },
    ])
  })

  it('with a wrong sum are damaged', () => {
    expect(new PacketReader().take(Buffer.from('$g#00'))).toEqual([{ kind: 'damaged' }])
  })

  it('without an end are refused', () => {
    expect(() => new PacketReader().take(Buffer.from(`$${'a'.repeat(70_000)}`))).toThrow(RangeError)
  })
})

describe('a machine under a debugger', () => {
  it('stops where a breakpoint is, in the state that it has there without one', async () => {
    const machine = boot('b64-sort')
    const debugging = new Debugger(machine, () => {})
    debugging.addBreak(PIVOT)
    for (let i = 0; i < 3; i++) {
      expect(await debugging.go(never)).toEqual({ why: 'break' })
      expect(machine.pc).toBe(PIVOT)
      const plain = boot('b64-sort')
      plain.run(machine.cycles)
      expect(plain.pc).toBe(PIVOT)
      expect(machine.hash).toBe(plain.hash)
    }
  })

  it('goes back by instructions and to the breakpoint before', async () => {
    const machine = boot('b64-sort')
    const debugging = new Debugger(machine, () => {})
    const hashes: string[] = []
    for (let i = 0; i < 30; i++) {
      hashes.push(machine.hash)
      debugging.step()
    }
    for (const hash of hashes.reverse()) {
      expect(debugging.stepBack()).toEqual({ why: 'step' })
      expect(machine.hash).toBe(hash)
    }
    expect(debugging.stepBack()).toEqual({ why: 'begin' })
    debugging.addBreak(PIVOT)
    const met: bigint[] = []
    for (let i = 0; i < 5; i++) {
      await debugging.go(never)
      met.push(machine.cycles)
    }
    for (const cycles of met.reverse().slice(1)) {
      expect(debugging.goBack()).toEqual({ why: 'break' })
      expect(machine.cycles).toBe(cycles)
    }
    expect(debugging.goBack()).toEqual({ why: 'begin' })
  })

  it('goes back over checkpoints, and prints nothing twice', async () => {
    const machine = boot('b64-sort')
    let printed = ''
    const debugging = new Debugger(machine, (text) => {
      printed += text
    })
    const stopAt = async (cycles: bigint) => debugging.go(async () => machine.cycles >= cycles)
    await stopAt(70_000_000n)
    const [at, text] = [machine.cycles, printed]
    expect(text).toContain('START')
    debugging.addBreak(0x500n) // nothing runs there
    expect(debugging.goBack()).toEqual({ why: 'begin' })
    debugging.removeBreak(0x500n)
    await stopAt(at)
    expect(printed).toBe(text)
    const plain = boot('b64-sort')
    plain.run(machine.cycles)
    expect(machine.hash).toBe(plain.hash)
  })

  it('sees every access to what is watched, and says which way', async () => {
    const machine = boot('b64-sort')
    const debugging = new Debugger(machine, () => {})
    const watch = { kind: 'awatch', address: 0x4000n, bytes: 4 } as const
    debugging.addWatch(watch)
    for (let i = 0; i < 4; i++) expect(await debugging.go(never)).toEqual({ why: 'watch', watch })
    // Four bytes are stored one after another, as the program fills its buffer.
    expect([...machine.ram.subarray(0x4000, 0x4004)].some((byte) => byte !== 0)).toBe(true)
    debugging.removeWatch(watch)
    debugging.addWatch({ ...watch, kind: 'rwatch' })
    expect(await debugging.go(never)).toMatchObject({ why: 'watch' })
  })

  it('ends when the guest does', async () => {
    const debugging = new Debugger(boot('b64-mftb'), () => {})
    expect(await debugging.go(never)).toEqual({ why: 'over', text: 'off' })
  })
})

test('the stub reads and writes registers and memory, and refuses what is not there', async () => {
  const machine = boot('b64-sort')
  const stub = new GdbStub(machine, false, () => {})
  const ask = (data: string) => stub.answer(data, never)
  expect(await ask('P5=0123456789abcdef')).toBe('OK')
  expect(machine.gpr(5)).toBe(0x0123_4567_89ab_cdefn)
  expect(await ask('p5')).toBe('0123456789abcdef')
  expect((await ask('g'))!.length).toBe(2 * (35 * 8 + 4 + 8 + 4))
  expect(await ask('M2000,4:deadbeef')).toBe('OK')
  expect(await ask('m2000,4')).toBe('deadbeef')
  expect(await ask('m2000,0')).toBe('')
  for (const bad of [
    'P99=00',
    'P5=00',
    'mffffffffffff,4',
    'M2000,4:00',
    'Z0,zz,4',
    'Z0,ffffffffffff,4',
    'pff',
  ])
    expect(await ask(bad), bad).toBe('E01')
  expect(await ask('qXfer:features:read:target.xml:0,ffff')).toContain('org.gnu.gdb.power.core')
  expect(await ask('something')).toBe('')
  expect(await ask('k')).toBeNull()
})

const gdb = spawnSync('gdb-multiarch', ['--version']).status === 0
const why = 'left out: there is no gdb-multiarch here; apt-get install gdb-multiarch'
if (!gdb) console.warn(`a real gdb: ${why}`)

describe.skipIf(!gdb)(gdb ? 'a real gdb' : `a real gdb (${why})`, () => {
  async function session(name: string, commands: readonly string[]): Promise<string> {
    let found: (port: number) => void = () => {}
    const port = new Promise<number>((resolve) => {
      found = resolve
    })
    const served = serveGdb(boot(name), { port: 0, little: false, print: () => {}, onListening: found })
    const all = [
      'set confirm off',
      'set endian big',
      `target remote 127.0.0.1:${await port}`,
      ...commands,
      'kill',
    ]
    const child = spawn('gdb-multiarch', ['-nx', '-batch', ...all.flatMap((command) => ['-ex', command])])
    let text = ''
    child.stdout.on('data', (data) => {
      text += data
    })
    await Promise.all([served, new Promise((resolve) => child.on('close', resolve))])
    return text
  }

  it('breaks, steps, goes back and watches', async () => {
    const text = await session('b64-sort', [
      'break *0x11a0',
      'continue',
      'printf "one %#lx %#lx %#x\\n", $pc, $r9, $r8',
      'stepi',
      'printf "two %#lx %#x\\n", $pc, $r8',
      'reverse-stepi',
      'printf "three %#lx %#x\\n", $pc, $r8',
      'continue',
      'printf "four %#lx %#lx\\n", $pc, $r9',
      'reverse-continue',
      'printf "five %#lx %#lx\\n", $pc, $r9',
      'delete',
      'reverse-continue',
      'printf "six %#lx\\n", $pc',
      'watch *(unsigned char *) 0x4000',
      'continue',
      'printf "seven %#lx\\n", $pc',
      'x/i 0x11a0',
    ])
    expect(text).toContain('one 0x11a0 0x1fffc 0x41738')
    expect(text).toContain('two 0x11a4 0x1c348001')
    expect(text).toContain('three 0x11a0 0x41738')
    expect(text).toContain('four 0x11a0 0x3854')
    expect(text).toContain('five 0x11a0 0x1fffc')
    expect(text).toContain('No more reverse-execution history')
    expect(text).toContain('six 0x100')
    expect(text).toMatch(/Old value = 0 .*\n/)
    expect(text).toMatch(/seven 0x15\d\d/)
    expect(text).toMatch(/0x11a0:\s+lwzx\s+r8,r29,r9/)
  })

  it('of a 32-bit machine', async () => {
    const text = await session('b32-sort', ['stepi', 'stepi', 'printf "at %#x %d\\n", $pc, sizeof($r1)'])
    expect(text).toMatch(/at 0x[0-9a-f]+ 4/)
  })
})
