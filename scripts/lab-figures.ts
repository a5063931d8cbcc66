/**
 * What the pages cost, as one JSON document: their sizes, the time to its first result in Chromium, and what a redraw of
 * millions of readings takes. `npm run build` comes first.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { drawingSvg } from '../src/draw/index.js'
import { Session } from '../src/lab/worker/session.js'
import { scenarioPath } from '../src/scenario/library.js'
import { readScenarioText } from '../src/scenario/load.js'
import { chromiumPath, startLab } from '../test/lab/chromium.js'

const LOADS = 9
const REDRAWS = 25

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/** What a page is made of: its file and, from there on, every file of the build that one of them names. */
function zippedBytes(page: string): number {
  const folder = fileURLToPath(new URL('../dist/lab/', import.meta.url))
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const bytesOf = new Map(
    files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name))] as const),
  )
  const names = [page]
  for (const name of names) {
    const text = bytesOf.get(name)!.toString('latin1')
    for (const other of bytesOf.keys())
      if (!other.endsWith('.html') && !names.includes(other) && text.includes(other)) names.push(other)
  }
  return names.reduce((sum, name) => sum + gzipSync(bytesOf.get(name)!, { level: 9 }).length, 0)
}

/** From the start of the navigation to the picture in the page, in a new profile each time, ms. */
async function firstResults(): Promise<number[]> {
  const lab = await startLab()
  const took: number[] = []
  for (let i = 0; i < LOADS; i++) {
    const page = await lab.open(null, {}, (fresh) =>
      fresh.addInitScript(() => {
        new MutationObserver((_, observer) => {
          if (!document.querySelector('.picture svg')) return
          observer.disconnect()
          document.documentElement.dataset.first = `${performance.now()}`
        }).observe(document, { subtree: true, childList: true })
      }),
    )
    took.push(await page.evaluate(() => Number(document.documentElement.dataset.first)))
    await page.context().close()
  }
  await lab.close()
  return took
}

/** Of the same scenario, read so often that there are millions of readings, ms of CPU. */
function redraws(): { readings: number; took: number[] } {
  const text = readScenarioText(scenarioPath('xen-1282-stale-lower')).replaceAll(
    'every: 10 ms',
    'every: 100 us',
  )
  const [side] = new Session({ text, fileName: 'x', policies: [null], seed: null }).sides
  const { drawing, bins } = side!
  const readings = drawing.guests[0]!.curves.reduce((sum, { trueNs }) => sum + trueNs.length, 0)
  const took: number[] = []
  for (let i = 0; i < REDRAWS; i++) {
    const before = process.cpuUsage()
    // All of it, a little less each time, as when one zooms.
    drawingSvg(drawing, {
      width: 960,
      fromNs: 0n,
      untilNs: drawing.endNs - BigInt(i) * 10_000_000n,
      styled: false,
      bins,
    })
    const { user, system } = process.cpuUsage(before)
    took.push((user + system) / 1000)
  }
  return { readings, took }
}

const { readings, took } = redraws()
const loads = chromiumPath === null ? null : await firstResults()
const figures = {
  zipped_bytes: zippedBytes('index.html'),
  machine_zipped_bytes: zippedBytes('machine.html'),
  first_result_ms: loads && Math.round(median(loads)),
  first_result_least_ms: loads && Math.round(Math.min(...loads)),
  readings,
  redraw_cpu_ms: Number(median(took).toFixed(1)),
}
console.log(JSON.stringify(figures, null, 2))
