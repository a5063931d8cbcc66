import { describe, expect, it } from 'vitest'
import { stepOf } from '../../src/draw/scale.js'
import { BrailleCanvas } from '../../src/report/braille.js'
import { plotLines } from '../../src/report/plot.js'
import { coloured, plain } from '../../src/report/style.js'
import { type Made, MS, made, readings, S, START } from '../check/fixture.js'

const S_PER_DAY = 86_400n

describe('BrailleCanvas', () => {
  it('has its dots where the Unicode block has them', () => {
    const dots = (...points: [number, number][]) => {
      const canvas = new BrailleCanvas(1, 1)
      for (const [x, y] of points) canvas.dot(x, y)
      return canvas.row(0)
    }
    expect(dots()).toBe(' ')
    expect([dots([0, 0]), dots([0, 3]), dots([1, 0]), dots([1, 3])]).toEqual(['⠁', '⡀', '⠈', '⢀'])
    expect(dots([0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [1, 1], [1, 2], [1, 3])).toBe('⣿')
    expect(dots([-1, 0], [2, 0], [0, -1], [0, 4])).toBe(' ')
  })

  it('draws straight lines', () => {
    const canvas = new BrailleCanvas(2, 1)
    canvas.line(0, 3, 3, 0)
    expect(canvas.row(0)).toBe('⡠⠊')
    const down = new BrailleCanvas(1, 2)
    down.line(0, 0, 0, 7)
    expect([down.row(0), down.row(1)]).toEqual(['⡇', '⡇'])
  })
})

describe('stepOf', () => {
  it('takes the next round step and labels it in units that people use', () => {
    const labels = (least: bigint, reach: bigint) => [1n, 2n, -3n].map((n) => stepOf(least, reach).label(n))
    expect(labels(1n, 3n)).toEqual(['1 ns', '2 ns', '-3 ns'])
    expect(labels(3_100n * S, 9_000n * S)).toEqual(['1 h', '2 h', '-3 h'])
    expect(labels(400n * MS, 900n * MS)).toEqual(['500 ms', '1000 ms', '-1500 ms'])
    expect(labels(400n * MS, 3n * S)).toEqual(['0.5 s', '1 s', '-1.5 s'])
    expect(labels(6n * 3600n * S, S_PER_DAY * S)).toEqual(['10 h', '20 h', '-30 h'])
    expect(labels(15n * 3600n * S, S_PER_DAY * S)).toEqual(['20 h', '40 h', '-60 h'])
    expect(labels(21n * 3600n * S, 10n * S_PER_DAY * S)).toEqual(['1 d', '2 d', '-3 d'])
    expect(stepOf(300n * S_PER_DAY * S, 10n ** 18n).label(0n)).toBe('0')
    expect(stepOf(10n ** 30n, 10n ** 30n).ns >= 10n ** 30n).toBe(true)
  })

  it('is never smaller than asked for, and at most 2.5 times as large below a day', () => {
    for (let least = 1n; least < 10_000n * S; least = least * 3n + 1n) {
      const { ns } = stepOf(least, least)
      expect(ns >= least && 2n * ns <= 5n * least + 10n, `${least}`).toBe(true)
    }
  })
})

describe('plotLines', () => {
  const wall = (clock: (t: bigint) => bigint, until = 99n * S) =>
    readings(0n, until, 100n * MS, (t) => START + clock(t))
  const plot = (what: Made, options = {}) => plotLines(made(what), { style: plain, ...options })

  it('says in a line that clocks were right', () => {
    const lines = plot({ readers: [{ clock: 'realtime', readings: wall((t) => t - 17n) }] })
    expect(lines).toEqual(['clocks minus true time', '          realtime: right all the time, within 17 ns'])
  })

  it('draws a jump, the zero line, round labels and the axis', () => {
    const lines = plot(
      { readers: [{ clock: 'realtime', readings: wall((t) => (t < 50n * S ? t : t + 20n * S)) }] },
      { rows: 5 },
    )
    expect(lines[1]!.trim()).toBe('realtime')
    expect(lines[2]).toMatch(/^ {4}\+20 s ┤ {34}[⠁-⣿]⠒+⠂$/)
    expect(lines.filter((line) => /[┤┼]/.test(line)).map((line) => line.slice(0, 11).trim())).toEqual([
      '+20 s ┤',
      '+10 s ┤',
      '0 ┼',
    ])
    const zero = lines.find((line) => line.includes('┼'))!
    expect(zero).toMatch(/┼⠒{33,34}[⠀-⣿]?┄+$/)
    const axis = lines.findIndex((line) => line.includes('└'))
    expect(lines[axis]).toMatch(/^ {10}└[─┬]{68}$/)
    expect(lines[axis + 1]!.trim().split(/ {2,}/)).toEqual(['0', '20 s', '40 s', '60 s', '80 s', '100 s'])
  })

  it('shares a panel where clocks agree, and only there', () => {
    const off = (t: bigint) => (t < 50n * S ? t : t + 3n * S)
    const titles = (second: (t: bigint) => bigint) =>
      plot({
        readers: [
          { clock: 'realtime', readings: wall(off) },
          { clock: 'monotonic', readings: readings(0n, 99n * S, 100n * MS, second) },
        ],
      }).filter((line) => /realtime|monotonic/.test(line))
    expect(titles(off).map((line) => line.trim())).toEqual(['realtime, monotonic'])
    expect(titles((t) => (t < 50n * S ? t : t - 3n * S)).map((line) => line.trim())).toEqual([
      'realtime',
      'monotonic',
    ])
    expect(titles((t) => t + 5n).map((line) => line.trim())).toEqual([
      'monotonic: right all the time, within 0 s',
      'realtime',
    ])
  })

  it('marks stops, stalls and events, and explains them', () => {
    const run = made({
      readers: [{ clock: 'realtime', readings: wall((t) => (t < 60n * S ? t : 60n * S), 99n * S) }],
      stops: [[20n * S, 40n * S]],
    })
    const marks = [
      { atNs: 0n, kind: 'boot', label: 'boot g', guest: 'g' },
      { atNs: 20n * S, kind: 'pause', label: 'pause g', guest: 'g' },
      { atNs: 40n * S, kind: 'resume', label: 'resume g', guest: 'g' },
      { atNs: 40n * S, kind: 'set-wall', label: 'set-wall a', host: 'a' },
      { atNs: 50n * S, kind: 'migrate', label: 'migrate h', guest: 'h' },
    ]
    const lines = plotLines({ ...run, marks }, { style: plain })
    const axis = lines.find((line) => line.includes('└'))!
    expect(axis.slice(11)).toMatch(/^[─┬]{13}░{15}[─┬]{40}$/)
    expect(lines.find((line) => line.includes('standing'))!.slice(11)).toMatch(/^ {41}═{26}$/)
    expect(lines.find((line) => line.includes('events'))!.slice(11)).toBe(
      `${' '.repeat(13)}P${' '.repeat(13)}RW`,
    )
    expect(lines.slice(-5).map((line) => line.trim())).toEqual([
      'P 20 s: pause g',
      'R 40 s: resume g',
      'W 40 s: set-wall a',
      '░ the guest is stopped',
      '═ stands still: realtime',
    ])
  })

  it('keeps every reading: a spike of one reading is in the picture', () => {
    const lines = plot({
      readers: [{ clock: 'realtime', readings: wall((t) => (t === 50n * S ? t + 10n * S : t)) }],
    })
    // The top row, 10 s, is two steps above the label of 8 s, and nothing else is there.
    expect(lines[2]).toMatch(/^ {10}│ {34}[⠁-⣿]$/)
  })

  it('is at most 80 columns wide, for any size of error', () => {
    for (const error of [2n * MS, 999n * MS, 86_399n * S, 40n * 365n * 86_400n * S, -(10n ** 18n)]) {
      const lines = plot({
        readers: [{ clock: 'realtime', readings: wall((t) => (t < 30n * S ? t : t + error)) }],
      })
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
      expect(lines.length).toBeGreaterThan(6)
    }
  })

  it('has the same words with colours', () => {
    const run = made({
      readers: [{ clock: 'realtime', readings: wall((t) => (t < 50n * S ? t : t + 20n * S)) }],
    })
    const painted = plotLines(run, { style: coloured }).join('\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
    expect(painted.replace(/\x1b\[\d+m/g, '')).toBe(plotLines(run, { style: plain }).join('\n'))
    expect(painted).toContain('\x1b[')
  })

  it('leaves out guests whose clocks nobody reads', () => {
    expect(plot({})).toEqual([])
    expect(plot({ readers: [{ clock: 'steal', readings: readings(0n, 9n * S, S, () => 0n) }] })).toEqual([])
  })
})
