/** The page of one machine in a real Chromium: what it shows is what the same machine is in Node, to the last bit. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Drawing, describeDrawing, worstNs } from '../../src/draw/index.js'
import { Clocks } from '../../src/lab/machine/clocks.js'
import { shownText } from '../../src/lab/machine/console-text.js'
import { Runner } from '../../src/lab/machine/runner.js'
import { bootMachine, type ElfError, type PowerMachine } from '../../src/power/index.js'
import { readSaved, savedBytes } from '../../src/power/saved.js'
import { chromiumPath, complaintsOf, type Lab, missing, startLab, violations } from './chromium.js'
import { consoleOf, machineFile, runTo, standing, stood } from './machine-page.js'

const guest = (name: string) => readFileSync(new URL(`../guests/power/${name}.elf`, import.meta.url))
const MIB = 2 ** 20
const bootIn = (name: string): PowerMachine => bootMachine(guest(name), name, { ramBytes: 16 * MIB })

/** The same without any page. */
function inNode(name: string, until: bigint) {
  const machine = bootIn(name)
  const end = machine.run(until)
  return { end, console: machine.takeConsole(), hash: machine.hash, cycles: machine.cycles }
}

/** A machine that stands there. */
function at(cycles: bigint): PowerMachine {
  const machine = bootIn('b64-clocks')
  machine.run(cycles)
  return machine
}

describe('what a console says of clocks', () => {
  it('is drawn against true time, however it is heard', () => {
    const machine = at(95_000_000n)
    const text = machine.takeConsole()
    const whole = new Clocks().drawing('x', text, machine)!
    const [{ curves, sleeps }] = whole.guests as [Drawing['guests'][number]]
    expect(curves.map(({ name, trueNs }) => [name, trueNs.length])).toEqual([['monotonic', 9]])
    // Of TB's ticks, 125 ns are 64: a clock made of them is less than two off.
    expect(worstNs(curves[0]!)).toBeLessThan(4n)
    // Asleep until the decrementer is through, each 10 ms.
    expect(sleeps[0]!.wokeNs.filter((ns) => ns > 0n)).toHaveLength(9)
    const clocks = new Clocks()
    for (let end = 100; end < text.length; end += 700) clocks.drawing('x', text.slice(0, end), machine)
    expect(clocks.drawing('x', text, machine)).toEqual(whole)
    expect(new Clocks().drawing('x', 'no word of clocks\n', machine)).toBeNull()
  })
})

describe('a machine that is run in steps', () => {
  const END = 120_000_000n
  const keys = Buffer.from('some keys\n')

  it('is the same in any steps, and again with the same keys in the same cycles', () => {
    const runner = new Runner(bootIn('b64-clocks'))
    runner.step(12_345_678n)
    runner.type(keys)
    for (let at = 13_000_000n; at < END; at += 7_654_321n) runner.step(at)
    runner.step(END)
    expect(runner.keys.map(({ at }) => at)).toEqual([12_345_678n])
    const again = new Runner(bootIn('b64-clocks'), runner.keys)
    again.step(END)
    expect([again.machine.hash, again.text]).toEqual([runner.machine.hash, runner.text])
    expect(inNode('b64-clocks', END).hash).not.toBe(runner.machine.hash)
  })

  it('types what there is no room for when the command line does', () => {
    const long = Buffer.alloc(100_000, 'x')
    const runner = new Runner(bootIn('b64-clocks'), [{ at: 0n, bytes: long }])
    for (let at = 1_000_000n; at <= END; at += 1_000_000n) runner.step(at)
    const plain = bootIn('b64-clocks')
    let left: Uint8Array = long
    for (const until of [50_000_000n, 100_000_000n, END]) {
      left = left.subarray(plain.type(left))
      plain.run(until)
    }
    expect(left.length).toBeGreaterThan(0)
    expect(runner.machine.hash).toBe(plain.hash)
  })

  it('goes back to what was kept, console and keys as well', () => {
    const runner = new Runner(bootIn('b64-clocks'))
    runner.step(30_000_000n)
    runner.type(keys)
    const { id } = runner.keep()
    const text = runner.text
    runner.type(keys)
    runner.step(END)
    const [hash, all] = [runner.machine.hash, runner.text]
    runner.back(id)
    expect([runner.machine.cycles, runner.text, runner.keys.length]).toEqual([30_000_000n, text, 1])
    runner.type(keys)
    runner.step(END)
    expect([runner.machine.hash, runner.text]).toEqual([hash, all])
    expect(() => runner.back(7)).toThrow('there is no snapshot 7')
  })

  it('shows a console without what steers a terminal', () => {
    expect(shownText('\x1b[1;31mred\x1b[0m\r\nab\b \bc\x07')).toBe('red\nac')
    expect(shownText('gr\xc3\xbcn')).toBe('grün')
  })
})

// Reporters that fold what was left out do not show its name.
if (chromiumPath === null) console.warn(`the machine in Chromium: ${missing}`)
const title = chromiumPath === null ? `the machine in Chromium (${missing})` : 'the machine in Chromium'

describe.skipIf(chromiumPath === null)(title, () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab()
  }, 60_000)
  afterAll(async () => {
    await lab?.close()
  })

  it.each([
    ['b64-clocks', 123_456_789n, 'stopped'],
    ['b64-sort', 10_000_000_000n, 'powered off'],
    ['b32-tick', 77_777_777n, 'stopped'],
  ])('%s until cycle %s: %s, with the console and in the state of Node', async (name, until, end) => {
    const page = await lab.machine(`${name}@${until}`)
    expect(await stood(page)).toBe(end)
    const node = inNode(name, until)
    expect(await standing(page)).toEqual({ cycles: node.cycles, hash: node.hash })
    expect((await consoleOf(page)).toString('latin1')).toBe(node.console)
    expect(await page.textContent('#console')).toBe(shownText(node.console))
    expect(complaintsOf(page)).toEqual([])
    await page.context().close()
  })

  it('goes back to a snapshot and on, with keys, and again from the start', async () => {
    const page = await lab.machine('b64-clocks@30000000')
    await stood(page)
    await page.click('#keep')
    await page.waitForSelector('[data-back="0"]')
    const once = await runTo(page, 90_000_000n)
    expect(once.hash).toBe(inNode('b64-clocks', 90_000_000n).hash)
    await page.click('[data-back="0"]')
    await page.waitForSelector('[data-fact=Cycles]:text-is("30,000,000")')
    // Typed by hand, in the cycle in which it stands.
    await page.fill('#line', 'words')
    await page.press('#line', 'Enter')
    await page.focus('#console')
    await page.keyboard.press('x')
    await page.keyboard.press('ArrowUp')
    await page.waitForSelector('[data-fact=Keys]:text-is("10")')
    const typed = await runTo(page, 90_000_000n)
    const machine = bootIn('b64-clocks')
    machine.run(30_000_000n)
    machine.type(Buffer.from('words\nx\x1b[A'))
    machine.run(90_000_000n)
    expect(typed.hash).toBe(machine.hash)
    expect(typed.hash).not.toBe(once.hash)
    const text = await consoleOf(page)
    await page.click('#again')
    await page.waitForSelector('[data-back]', { state: 'detached' })
    await page.waitForSelector('[data-fact=Cycles]:text-is("90,000,000")')
    await stood(page)
    expect(await standing(page)).toEqual(typed)
    expect((await consoleOf(page)).equals(text)).toBe(true)
    // What cannot be is told.
    await page.click('#run')
    expect(await page.textContent('[role=alert]')).toContain('it stands at cycle 90000000')
    expect(complaintsOf(page)).toEqual([])
    await page.context().close()
  })

  it('goes on from a machine that Node has saved, and Node from one of the page', async () => {
    const [saved, end] = [41_000_000n, 95_000_000n]
    const machine = bootIn('b64-clocks')
    machine.run(saved)
    machine.takeConsole()
    const buffer = Buffer.from(savedBytes(machine))
    machine.run(end)
    const page = await lab.machine('b32-tick@1000')
    await stood(page)
    await page.evaluate(() => {
      const read = Blob.prototype.arrayBuffer
      Blob.prototype.arrayBuffer = async function (): Promise<ArrayBuffer> {
        await new Promise((resolve) => setTimeout(resolve, 300))
        return read.call(this)
      }
    })
    await page.setInputFiles('#files', { name: 'node.chvp', mimeType: 'application/octet-stream', buffer })
    // While the file is read, the machine before it is no longer to be moved.
    expect(await page.isDisabled('#run')).toBe(true)
    await stood(page)
    expect((await standing(page)).cycles).toBe(saved)
    const there = await runTo(page, end)
    expect(there.hash).toBe(machine.hash)
    expect((await consoleOf(page)).toString('latin1')).toBe(machine.takeConsole())
    const back = readSaved(await machineFile(page), 'page.chvp')
    expect([back.hash, back.cycles]).toEqual([there.hash, end])
    back.run(150_000_000n)
    expect(back.hash).toBe(inNode('b64-clocks', 150_000_000n).hash)
    expect(complaintsOf(page)).toEqual([])
    await page.context().close()
  })

  it('runs a program from the disk, stops when it is told to, and refuses what is none', async () => {
    const page = await lab.machine('b32-tick@1000')
    await stood(page)
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer })
    await page.setInputFiles('#files', file('mine.elf', guest('b64-idle')))
    await page.waitForSelector('.files dd:has-text("mine.elf")')
    await page.selectOption('#memory', '16')
    await page.click('#boot')
    // No cycle is named, so it runs as fast as a real one until it is stopped.
    await page.click('#stop')
    await stood(page)
    const { cycles, hash } = await standing(page)
    expect(hash).toBe(inNode('b64-idle', cycles).hash)
    const wrong = guest('b64-idle').subarray(0, 100)
    let told = ''
    try {
      bootMachine(wrong, 'half.elf')
    } catch (error) {
      told = (error as ElfError).message
    }
    expect(told).not.toBe('')
    await page.setInputFiles('#files', file('half.elf', wrong))
    await page.waitForSelector(`[role=alert]:text-is("${told}")`)
    await page.setInputFiles('#files', file('notes.txt', Buffer.from('no program')))
    await page.waitForSelector('[role=alert]:has-text("notes.txt: expected an ELF file for Power")')
    expect(complaintsOf(page)).toEqual([])
    await page.context().close()
  })

  it('draws what a guest says of its clocks, while it runs, and loses no field meanwhile', async () => {
    const page = await lab.machine('b64-clocks')
    // The default is a tenth of a second; from there on without an end.
    await stood(page)
    await page.fill('#until', '')
    await page.click('#run')
    await page.waitForSelector('.clocks svg')
    const before = await page.textContent('[data-fact=Cycles]')
    await page.focus('#until')
    await page.keyboard.type('40000', { delay: 60 })
    await page.waitForFunction(
      (was) => document.querySelector('[data-fact=Cycles]')?.textContent !== was,
      before,
    )
    expect(await page.inputValue('#until')).toBe('40000')
    await page.click('#stop')
    await stood(page)
    const { cycles } = await standing(page)
    const drawing = new Clocks().drawing('b64-clocks.elf', inNode('b64-clocks', cycles).console, at(cycles))
    await page.waitForFunction(
      (words) => document.querySelector('#clocks-words')?.textContent === words,
      describeDrawing(drawing!).join(''),
    )
    expect(await page.textContent('.clocks svg')).toContain('right all the time')
    // The last line is in sight.
    expect(await page.$eval('#console', ({ scrollTop }) => Math.abs(scrollTop))).toBeLessThan(2)
    expect(complaintsOf(page)).toEqual([])
    await page.context().close()
  })

  it.each(['light', 'dark'] as const)(
    'has nothing against WCAG 2.2 A and AA, %s, wide and at 320 px',
    async (colorScheme) => {
      const page = await lab.machine('b64-clocks@30000000', { colorScheme })
      await stood(page)
      await page.click('#keep')
      await page.waitForSelector('[data-back]')
      expect(await violations(page)).toEqual([])
      await page.setViewportSize({ width: 320, height: 800 })
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
      // The console takes keys and lets the keyboard out.
      await page.focus('#console')
      await page.keyboard.press('Tab')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('line')
      expect(complaintsOf(page)).toEqual([])
      await page.context().close()
    },
  )
})
