/**
 * The page in a real Chromium, as built. Everything it shows is held against what the same modules give in Node.
 * Without a Chromium all of it is left out, and the name says why.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judge, verdictOf } from '../../src/check/index.js'
import { builtInPolicy } from '../../src/policy/built-in.js'
import { parseScenario, type ScenarioError } from '../../src/scenario/index.js'
import { scenarioPath } from '../../src/scenario/library.js'
import { readScenarioText } from '../../src/scenario/load.js'
import { csvChunks } from '../../src/trace/csv.js'
import { perfettoChunks } from '../../src/trace/perfetto/index.js'
import { rowsOf } from '../../src/trace/rows.js'
import { runSampled } from '../../src/trace/sample.js'
import { runScenario } from '../../src/world/index.js'
import {
  chromiumPath,
  complaintsOf,
  hashesOf,
  type Lab,
  missing,
  pixelsOf,
  settled,
  startLab,
  violations,
} from './chromium.js'

const BUG = 'xen-1282-stale-lower'
const text = readScenarioText(scenarioPath(BUG))
const hashInNode = (yaml: string, policy?: string): string =>
  runScenario(parseScenario(yaml, 'x'), policy ? { policy: builtInPolicy(policy) } : {}).guests[0]!.stateHash

// Reporters that fold what was left out do not show its name.
if (chromiumPath === null) console.warn(`the lab in Chromium: ${missing}`)

const title = chromiumPath === null ? `the lab in Chromium (${missing})` : 'the lab in Chromium'

describe.skipIf(chromiumPath === null)(title, () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab()
  }, 60_000)
  afterAll(async () => {
    await lab?.close()
  })

  it('comes up with the bug, told from its first step', async () => {
    const page = await lab.open(null)
    expect(await page.textContent('.story h2')).toBe('A guest’s clock should follow true time')
    expect(await page.textContent('.badge')).toContain('FAIL')
    expect(await hashesOf(page)).toEqual([hashInNode(text)])
    // The story ends in five more steps, with the cure beside and the address free for the case.
    for (let i = 0; i < 5; i++) await page.click('#story-next')
    expect(await page.textContent('.story h2')).toBe('Now turn something')
    await page.click('.story button')
    await page.waitForFunction(() => location.hash.length > 1)
    expect(await page.$('.story')).toBeNull()
    await page.reload()
    await settled(page)
    expect(await page.$('.story')).toBeNull()
    expect(complaintsOf(page)).toEqual([])
  })

  it.each(['xen-1282-save-reboot-restore', 'xen-fix-1-dom0', 'kvm-migrate-qemu', 'power-running-skew'])(
    '%s ends in the state in which it ends in Node',
    async (name) => {
      const page = await lab.at(name)
      const scenario = parseScenario(readScenarioText(scenarioPath(name)), 'x')
      const run = runScenario(scenario)
      expect(await hashesOf(page)).toEqual(run.guests.map(({ stateHash }) => stateHash || 'switched off'))
      expect(await page.textContent('.badge')).toContain(verdictOf(judge(run)).toUpperCase())
      expect(complaintsOf(page)).toEqual([])
    },
  )

  it('shows at once what a knob does', async () => {
    const page = await lab.at(BUG)
    await page.fill('#knob-hosts-b-uptime', '5020 s')
    await page.press('#knob-hosts-b-uptime', 'Enter')
    await page.waitForSelector('.words :text("jumps ahead by 20 s")')
    await settled(page)
    expect(await hashesOf(page)).toEqual([hashInNode(text.replace('4980 s', '5020 s'))])
    // By the slider with the keyboard.
    await page.focus('input[type=range][aria-label="migrate at 1 min: downtime"]')
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('.words :text("stopped from 60 s to 60.21 s")')
    // What a knob refuses is told, and the picture stays.
    await page.fill('#knob-hosts-b-uptime', '5020 parsecs')
    await page.press('#knob-hosts-b-uptime', 'Enter')
    await page.waitForSelector('.problem:text("parsecs")')
    expect(await page.$('.picture svg')).not.toBeNull()
    expect(complaintsOf(page)).toEqual([])
  })

  it('does not wait for a long run that nobody wants any more', async () => {
    const page = await lab.at(BUG)
    await page.selectOption('#scenario', 'uptime-jiffies-497d')
    await page.waitForSelector('.stage.busy')
    await page.selectOption('#scenario', 'xen-good-lower')
    await page.waitForSelector('.badge.pass')
    await settled(page)
    expect(await hashesOf(page)).toEqual([hashInNode(readScenarioText(scenarioPath('xen-good-lower')))])
    expect(complaintsOf(page)).toEqual([])
  })

  it('puts two policies side by side, and all of them against the checks', async () => {
    const page = await lab.at(BUG)
    await page.click('.table button:text("xen-fix-2")')
    await page.waitForSelector('[data-side="1"] .picture svg')
    await settled(page)
    expect(await hashesOf(page)).toEqual([hashInNode(text), hashInNode(text, 'xen-fix-2')])
    expect(await page.$$eval('.badge', (all) => all.map(({ textContent }) => textContent))).toEqual([
      '✗ FAIL',
      '✓ PASS',
    ])
    const cells = await page.$$eval('.table tbody tr', (rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent?.trim())),
    )
    expect(cells).toContainEqual(['stall', '✗fails 19.8 s', '✓holds', '✓holds', '✓holds', '✓holds'])
    expect(cells.at(-1)).toEqual(['verdict', 'FAIL', 'PASS', 'PASS', 'PASS', 'PASS'])
    // The pictures in words, for who does not see them.
    const words = await page.textContent('#words-0')
    expect(words).toContain('gettimeofday is off by -20 s to 0 s; it stands still for 19.8 s')
    expect(words).toContain('sleeper after, due at 63.2 s, wakes 18.8 s late')
    expect(await page.getAttribute('.plot', 'aria-describedby')).toBe('words-0')
    expect(await page.getAttribute('.picture svg', 'role')).toBe('img')
    // The instant of the other side.
    await page.click('.inspector nav button:text("xen-fix-2")')
    await page.waitForSelector('[data-field=wc_sec] code:text("1218050617")')
    expect(complaintsOf(page)).toEqual([])
  })

  it('steps from event to event, and back', async () => {
    const page = await lab.at(BUG)
    const wcSec = () => page.textContent('[data-field=wc_sec] code')
    const at = async (instant: string) => {
      await page.waitForFunction(
        (wanted) => document.querySelector('#instant')?.textContent === wanted,
        instant,
      )
    }
    await page.fill('#at', '59 s')
    await page.press('#at', 'Enter')
    await at('59 s')
    await page.selectOption('#grain', 'scenario')
    await page.click('#step-on')
    await at('60 s')
    expect(await page.textContent('#stepped')).toBe('migrate g to b')
    await page.click('#step-on')
    await at('60.2 s')
    expect(await page.textContent('[data-guest=g] small')).toBe('running on b')
    // Nothing of the restore is undone by the next event: the old host's boot time stays.
    expect(await wcSec()).toBe('1218050617')
    await page.click('#step-back')
    await at('60 s')
    expect(await page.textContent('[data-guest=g] small')).not.toBe('running on b')
    await page.selectOption('#grain', 'quiet')
    await page.click('#step-back')
    await page.waitForFunction(() => document.querySelector('#instant')?.textContent !== '60 s')
    const before = await page.textContent('#instant')
    await page.click('#step-on')
    await at('60 s')
    await page.click('#step-back')
    await at(before!)
    expect(complaintsOf(page)).toEqual([])
  })

  it('works with the keyboard alone', async () => {
    const page = await lab.at(BUG)
    const span = () => page.textContent('.tools .span')
    await page.focus('.plot')
    await page.keyboard.press('Home')
    await page.keyboard.press('Shift+ArrowRight')
    await page.waitForFunction(() => document.querySelector('#instant')?.textContent === '12 s')
    await page.keyboard.press('+')
    expect(await span()).toBe('6 s to 66 s')
    await page.keyboard.press('PageDown')
    expect(await span()).toBe('36 s to 96 s')
    await page.keyboard.press('0')
    expect(await span()).toBe('0 s to 120 s')
    await page.keyboard.press('.')
    await page.waitForFunction(() => document.querySelector('#stepped')?.textContent !== '')
    expect(complaintsOf(page)).toEqual([])
  })

  it('shows what is under the pointer, pans and zooms', async () => {
    const page = await lab.at(BUG)
    const box = (await page.locator('.plot').boundingBox())!
    const x = (seconds: number) => box.x + 84 + ((box.width - 104) * seconds) / 120
    await page.mouse.move(x(30), box.y + 80)
    await page.waitForSelector('.tip')
    await page.mouse.move(x(90), box.y + 80)
    await page.waitForSelector('.tip td:text("−20")')
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -300)
    await page.keyboard.up('Control')
    await page.waitForFunction(() => document.querySelector('.tools .span')?.textContent !== '0 s to 120 s')
    const zoomed = await page.textContent('.tools .span')
    await page.mouse.down()
    await page.mouse.move(x(70), box.y + 80, { steps: 4 })
    await page.mouse.up()
    await page.waitForFunction((was) => document.querySelector('.tools .span')?.textContent !== was, zoomed)
    await page.dblclick('.plot', { position: { x: 300, y: 60 } })
    await page.waitForFunction(() => document.querySelector('.tools .span')?.textContent === '0 s to 120 s')
    expect(complaintsOf(page)).toEqual([])
  })

  it('saves pictures, readings and the scenario', async () => {
    const page = await lab.at(BUG)
    const save = async (kind: string) => {
      await page.click('.menu summary')
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.click(`[data-export=${kind}]`),
      ])
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
    }
    const svg = await save('svg')
    expect(svg.name).toBe(`${BUG}.svg`)
    expect(svg.bytes.toString()).toMatch(/^<svg [^>]*>[\s\S]*stands still[\s\S]*<\/svg>/)
    const png = await save('png')
    const pixels = await pixelsOf(page, png.bytes)
    expect(pixels.width).toBe(1920)
    expect(pixels.at(5, 5)).toEqual([255, 255, 255])
    // The traces are those that `run --trace` writes, byte for byte.
    const sampled = runSampled(parseScenario(text, 'x'))
    const csv = (await save('csv')).bytes
    expect(csv.equals(Buffer.from([...csvChunks(rowsOf(sampled))].join('')))).toBe(true)
    const trace = await save('trace')
    expect(trace.name).toBe(`${BUG}.perfetto-trace`)
    expect(trace.bytes.equals(Buffer.concat([...perfettoChunks(sampled, rowsOf(sampled))]))).toBe(true)
    expect((await save('vcd')).bytes.toString()).toContain('$enddefinitions')
    expect((await save('yaml')).bytes.toString()).toBe(text)
    expect(complaintsOf(page)).toEqual([])
  })

  it('is in its link, whole', async () => {
    const page = await lab.at(BUG)
    await page.fill('#knob-hosts-b-uptime', '4990 s')
    await page.press('#knob-hosts-b-uptime', 'Enter')
    await page.waitForSelector('.words :text("9.8 s")')
    await page.selectOption('#beside', 'xen-today')
    await page.waitForSelector('[data-side="1"] .picture svg')
    await page.fill('#at', '66 s')
    await page.press('#at', 'Enter')
    await page.click('button[title="Zoom in"]')
    await page.click('#share')
    await page.waitForFunction(() => document.querySelector('#share')?.textContent !== 'Copy link')
    const hash = new URL(page.url()).hash.slice(1)
    expect(hash).toMatch(/^1\./)
    const other = await lab.open(hash)
    await other.waitForSelector('[data-side="1"] .picture svg')
    await other.waitForFunction(() => document.querySelector('#instant')?.textContent === '66 s')
    expect(await hashesOf(other)).toEqual(await hashesOf(page))
    expect(await other.textContent('.tools .span')).toBe(await page.textContent('.tools .span'))
    expect(await other.inputValue('#knob-hosts-b-uptime')).toBe('4990 s')
    expect(await other.inputValue('#beside')).toBe('xen-today')
    const broken = await lab.at('1.AAAA')
    expect(await broken.textContent('.notice')).toContain('damaged')
    expect(complaintsOf(other)).toEqual([])
  })

  it('tells what is wrong with the text at its line, and offers what can stand there', async () => {
    const page = await lab.at(BUG)
    await page.click('#tab-text')
    const wrong = text.replace('uptime: 4980 s', 'uptime: 4980 parsecs')
    await page.fill('#yaml', wrong)
    await page.waitForSelector('.under .wrong')
    const line = wrong.split('\n').findIndex((one) => one.includes('parsecs')) + 1
    expect(await page.getAttribute('.under .wrong', 'data-line')).toBe(`${line}`)
    let told = ''
    try {
      parseScenario(wrong, 'x')
    } catch (error) {
      told = (error as ScenarioError).detail
    }
    expect(told).not.toBe('')
    expect(await page.textContent('#yaml-problem')).toContain(told)
    expect(await page.getAttribute('#yaml', 'aria-invalid')).toBe('true')
    await page.fill('#yaml', text)
    await page.waitForFunction(() => !document.querySelector('.under .wrong'))
    // Completion, taken with the keyboard.
    await page.evaluate(() => {
      const area = document.querySelector<HTMLTextAreaElement>('#yaml')!
      const at = area.value.indexOf('    hz: 100')
      area.focus()
      area.setSelectionRange(at, at)
    })
    await page.keyboard.type('    vari')
    await page.waitForSelector('#offers [role=option]')
    expect(await page.textContent('#offers [aria-selected=true] b')).toBe('variant')
    await page.keyboard.press('Enter')
    await page.keyboard.type(': fix-2\n')
    await page.waitForSelector('.badge.pass')
    expect(await page.inputValue('#yaml')).toContain('    variant: fix-2\n    hz: 100')
    expect(complaintsOf(page)).toEqual([])
  })

  it.each(['light', 'dark'] as const)('draws what the numbers say, %s', async (colorScheme) => {
    const page = await lab.open(BUG, { colorScheme })
    const colours = await page.evaluate(() => {
      const read = (selector: string, what: 'fill' | 'stroke') => {
        const found = getComputedStyle(document.querySelector(selector)!)[what]
        return found
          .match(/[\d.]+/g)!
          .slice(0, 3)
          .map(Number)
      }
      return {
        curve: read('.cv-curve', 'stroke'),
        stall: read('.cv-stall', 'fill'),
        late: read('.cv-late', 'fill'),
      }
    })
    const pixels = await pixelsOf(page, await page.locator('.plot').screenshot())
    const x = (seconds: number) => 84 + ((pixels.width - 104) * seconds) / 120
    /** Rows of the column at that second that have the colour, give or take what blending does. */
    const rows = (seconds: number, colour: readonly number[]) =>
      Array.from({ length: pixels.height }, (_, y) => y).filter((y) =>
        pixels.at(x(seconds), y).every((part, i) => Math.abs(part - colour[i]!) <= 12),
      )
    const [top] = rows(30, colours.curve)
    const [bottom] = rows(100, colours.curve)
    // gettimeofday: on 0 before, 20 s behind afterwards, and half of that when half of the stall is over.
    expect(bottom! - top!).toBeGreaterThan(60)
    const [half] = rows(70, colours.curve)
    expect(Math.abs(half! - (top! + bottom!) / 2)).toBeLessThan(6)
    expect(rows(75, colours.stall).length).toBeGreaterThan(100)
    expect(rows(40, colours.stall)).toEqual([])
    expect(rows(85, colours.stall)).toEqual([])
    expect(rows(75, colours.late).length).toBeGreaterThan(5)
    expect(rows(75, colours.late)[0]).toBeGreaterThan(bottom!)
    expect(rows(55, colours.late)).toEqual([])
    expect(await violations(page)).toEqual([])
    expect(complaintsOf(page)).toEqual([])
  })

  it('fits into 360 px, with nothing against WCAG AA', async () => {
    const page = await lab.open(null, { viewport: { width: 360, height: 740 }, hasTouch: true })
    const width = () => page.evaluate(() => document.documentElement.scrollWidth)
    expect(await width()).toBe(360)
    expect(await violations(page)).toEqual([])
    await page.click('#tab-text')
    await page.waitForSelector('#yaml')
    expect(await width()).toBe(360)
    expect(await violations(page)).toEqual([])
    expect(complaintsOf(page)).toEqual([])
  })
})
