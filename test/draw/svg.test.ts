import { SaxesParser } from 'saxes'
import { describe, expect, it } from 'vitest'
import { type Drawing, describeDrawing, drawingOf, drawingSvg, plotStyle } from '../../src/draw/index.js'
import { merged } from '../../src/draw/shapes.js'
import { Seen } from '../../src/observation/log.js'
import { resolveScenario } from '../../src/scenario/library.js'
import { runScenario } from '../../src/world/index.js'
import { type Made, MS, made, type Row, readings, S, START } from '../check/fixture.js'

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  text: string
}

/** Every element of an SVG in order; throws where it is not well-formed XML. */
function elements(svg: string): Element[] {
  const all: Element[] = []
  const open: Element[] = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes: attributes as Record<string, string>, text: '' }
    all.push(element)
    open.push(element)
  })
  parser.on('text', (text) => {
    const element = open.at(-1)
    if (element) element.text += text
  })
  parser.on('closetag', () => open.pop())
  parser.write(svg).close()
  return all
}

const ofKind = (all: readonly Element[], kind: string) =>
  all.filter(({ attributes }) => attributes.class?.split(' ').includes(kind))
const texts = (all: readonly Element[]) => all.filter(({ name }) => name === 'text').map(({ text }) => text)

const wall = (clock: (t: bigint) => bigint) => readings(0n, 99n * S, 100n * MS, (t) => START + clock(t))
const drawingFor = (what: Made): Drawing => drawingOf(made(what))
const bug = drawingOf(runScenario(resolveScenario('xen-1282-stale-lower')))

describe('drawingSvg', () => {
  it('shows BUG 1282: both clocks, the migration, the stall, the jump and the late sleeper', () => {
    const all = elements(drawingSvg(bug))
    expect(ofKind(all, 'cv-curve')).toHaveLength(2)
    expect(ofKind(all, 'cv-name').map(({ text }) => text)).toEqual(['gettimeofday', 'monotonic'])
    expect(ofKind(all, 'cv-letter').map(({ text }) => text)).toEqual(['M'])
    const stalls = ofKind(all, 'cv-stall').filter(({ attributes }) => Number(attributes.height) > 20)
    expect(stalls.some(({ attributes }) => Math.abs(Number(attributes.width) - 141) < 2)).toBe(true)
    const late = ofKind(all, 'cv-late').filter(({ attributes }) => attributes.rx)
    expect(late).toHaveLength(1)
    // From 63.2 s to 82 s of 120 s, over 856 px that begin at 84.
    expect(Number(late[0]!.attributes.x)).toBeCloseTo(84 + (63.2 / 120) * 856, 0)
    expect(Number(late[0]!.attributes.width)).toBeCloseTo((18.8 / 120) * 856, 0)
    expect(texts(all)).toEqual(
      expect.arrayContaining(['0', '20 s', '120 s', '-20 s', '+20 s', 'M  60 s: migrate g to b', 'after']),
    )
  })

  it('has words for who cannot see it', () => {
    const all = elements(drawingSvg(bug))
    expect(all[0]!.attributes.role).toBe('img')
    const description = all.find(({ name }) => name === 'desc')!.text
    expect(description).toContain(
      'gettimeofday is off by -20 s to 0 s; it stands still for 19.8 s from 59.99 s.',
    )
    expect(description).toContain('sleeper after, due at 63.2 s, wakes 18.8 s late.')
    expect(describeDrawing(bug).join(' ')).toBe(description)
  })

  it('draws the stretch that is asked for, at the width that is asked for', () => {
    const all = elements(drawingSvg(bug, { fromNs: 59n * S, untilNs: 61n * S, width: 400, styled: false }))
    expect(all.some(({ name }) => name === 'style')).toBe(false)
    expect(all[0]!.attributes.width).toBe('400')
    expect(texts(all)).toEqual(expect.arrayContaining(['59 s', '60 s', '61 s']))
    const xs = all.flatMap(({ attributes }) =>
      ['x', 'x1', 'x2', 'cx'].flatMap((key) => (attributes[key] ? [Number(attributes[key])] : [])),
    )
    expect(Math.max(...xs)).toBeLessThanOrEqual(400)
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(0)
  })

  it('is as small for a million readings as the picture is wide', () => {
    const many = readings(0n, 99n * S, MS, (t) => t + ((t / MS) % 7n) * S)
    const [curve] = ofKind(
      elements(drawingSvg(drawingFor({ readers: [{ clock: 'monotonic', readings: many }] }))),
      'cv-curve',
    )
    expect(curve!.attributes.d!.length).toBeLessThan(856 * 40)
    expect(curve!.attributes.d).not.toMatch(/NaN|e[-+]/)
  })

  it('draws thousands of sleeps as a few bars, and those that are late', () => {
    const rows: Row[] = []
    for (let t = 0n, late = 0n; t < 90n * S; t += 10n * MS + late) {
      late = t >= 50n * S && t < 60n * S ? 3n * S : 0n
      rows.push({ trueNs: t, kind: Seen.sleep, value: 5n * MS })
      rows.push({ trueNs: t + 9n * MS + late, kind: Seen.wake, value: 9n * MS + late })
    }
    const all = elements(drawingSvg(drawingFor({ sleepers: [{ name: 'busy' }], rows })))
    expect(ofKind(all, 'cv-asleep').length).toBeLessThan(10)
    const bars = ofKind(all, 'cv-late').filter(({ attributes }) => attributes.rx)
    expect(bars).toHaveLength(4)
  })

  it('ends the bar of a sleeper that is never woken with the plot', () => {
    const rows = [{ trueNs: 20n * S, kind: Seen.sleep, value: 2n * S }]
    const all = elements(drawingSvg(drawingFor({ sleepers: [{ name: 'lost' }], rows })))
    const [bar] = ofKind(all, 'cv-late').filter(({ attributes }) => attributes.rx)
    expect(Number(bar!.attributes.x) + Number(bar!.attributes.width)).toBeCloseTo(940, 1)
    expect(all.some(({ text }) => text.endsWith('still asleep 78 s after it was due'))).toBe(true)
  })

  it('does not end in the middle of a name: whatever it is called', () => {
    const name = '</text><script>alert(1)</script>&"\u0001'
    const off = wall((t) => (t < 50n * S ? t : t + 3n * S))
    const all = elements(drawingSvg(drawingFor({ readers: [{ clock: 'realtime', name, readings: off }] })))
    expect(all.some((element) => element.name === 'script')).toBe(false)
    expect(ofKind(all, 'cv-name')[0]!.text).toBe(name.replace('\u0001', '�'))
  })

  it('has one guest below the other', () => {
    const dom0 = drawingOf(runScenario(resolveScenario('xen-fix-1-dom0')))
    const titles = ofKind(elements(drawingSvg(dom0)), 'cv-title').map(({ text }) => text)
    expect(titles).toEqual(['dom0: clocks minus true time', 'g: clocks minus true time'])
  })
})

describe('merged', () => {
  it('makes one of those that touch, in any order', () => {
    expect(
      merged([
        { x: 10, width: 5 },
        { x: 0, width: 3 },
        { x: 12, width: 1 },
        { x: 15.2, width: 1 },
      ]).map(({ x, width }) => [x, Math.round(width * 10) / 10]),
    ).toEqual([
      [0, 3],
      [10, 6.2],
    ])
  })
})

describe('plotStyle', () => {
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const contrast = (a: string, b: string) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
    return (light! + 0.05) / (dark! + 0.05)
  }
  const [light, dark] = plotStyle.split('@media')

  it.each([
    ['light', light!],
    ['dark', dark!],
  ])('%s: text has a contrast of 4.5, lines have 3 (WCAG 2 AA)', (_, sheet) => {
    const ground = /\.cv-ground\{fill:(#\w{6})/.exec(sheet)![1]!
    const colours = (pattern: RegExp) => [...sheet.matchAll(pattern)].map((m) => m[1]!)
    const words = colours(/\.cv-plot (?:text|\.cv-(?:soft|good|bad|name))\{fill:(#\w{6})/g)
    const lines = colours(/\.cv-(?:curve|mark|asleep,\.cv-woken|zero,\.cv-axis)\{stroke:(#\w{6})/g)
    expect([words.length, lines.length]).toEqual([5, 4])
    for (const colour of words) expect(contrast(colour, ground), colour).toBeGreaterThanOrEqual(4.5)
    for (const colour of lines) expect(contrast(colour, ground), colour).toBeGreaterThanOrEqual(3)
    // A letter stands in the ground's colour on its badge, a curve on the bands.
    const badge = /\.cv-badge\{fill:(#\w{6})/.exec(sheet)![1]!
    expect(contrast(badge, ground)).toBeGreaterThanOrEqual(4.5)
    const curve = /\.cv-curve\{stroke:(#\w{6})/.exec(sheet)![1]!
    for (const band of colours(/\.cv-(?:stop|stall)\{fill:(#\w{6})/g))
      expect(contrast(curve, band), band).toBeGreaterThanOrEqual(3)
  })
})
