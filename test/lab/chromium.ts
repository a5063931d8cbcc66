/** A real Chromium for the tests of the page, and what every test of it wants. */
import { existsSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { serverOf } from '../../src/cli/serve.js'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Its path: what CHROMIUM says, else where packages put it; null: there is none, or CHROMIUM is empty. */
export const chromiumPath: string | null =
  (process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path)) ?? '') || null

/** In the name of what is left out without it. */
export const missing = 'left out: there is no Chromium here; apt-get install chromium, or CHROMIUM=path'

export interface Lab {
  readonly url: string
  /** The page at `hash`, loaded anew in the profile that the tests share. */
  at(hash: string): Promise<Page>
  /** In a profile of its own; null: as on a first visit. */
  open(
    hash: string | null,
    options?: BrowserContextOptions,
    before?: (page: Page) => Promise<unknown>,
  ): Promise<Page>
  /** The page of one machine, at `hash`, in a profile of its own; what it runs has not come to its end. */
  machine(hash: string, options?: BrowserContextOptions): Promise<Page>
  close(): Promise<void>
}

/** The built page on a server as `chronovisor lab` starts it. */
export async function startLab(): Promise<Lab> {
  const folder = fileURLToPath(new URL('../../dist/lab/', import.meta.url))
  if (!existsSync(`${folder}index.html`))
    throw new Error('dist/lab is not built; expected `npm run build` before')
  const server: Server = serverOf(folder)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const browser: Browser = await chromium.launch({
    executablePath: chromiumPath!,
    // Root has no sandbox, and containers often none either.
    args: ['--no-sandbox'],
  })
  const pageOf = async (options: BrowserContextOptions): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    watch(page, url)
    return page
  }
  let shared: Page | null = null
  return {
    url,
    at: async (hash) => {
      shared ??= await pageOf({ acceptDownloads: true })
      // From another document, or only the part behind the # would change.
      await shared.goto('about:blank')
      await shared.goto(`${url}#${hash}`)
      await settled(shared)
      return shared
    },
    open: async (hash, options = {}, before = async () => {}) => {
      const page = await pageOf(options)
      await before(page)
      await page.goto(hash === null ? url : `${url}#${hash}`)
      await settled(page)
      return page
    },
    machine: async (hash, options = {}) => {
      const page = await pageOf({ acceptDownloads: true, ...options })
      await page.goto(`${url}machine.html#${hash}`)
      return page
    },
    close: async () => {
      await browser.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** What no test may see: errors, warnings, what the page's policy forbids, requests to anyone else. */
const complaints = new WeakMap<Page, string[]>()

function watch(page: Page, url: string): void {
  const heard: string[] = []
  complaints.set(page, heard)
  page.on('pageerror', ({ message }) => heard.push(message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') heard.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|about|data):/.test(request.url()))
      heard.push(request.url())
  })
}

export function complaintsOf(page: Page): readonly string[] {
  return complaints.get(page)!
}

/** Waits for the picture of the run under way, and the table. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('.stage[aria-busy=false] .picture svg')
  await page.waitForFunction(() => !document.querySelector('.table')?.textContent?.includes('…'))
}

export const hashesOf = (page: Page): Promise<string[]> =>
  page.$$eval('[data-hash]', (elements) => elements.map((element) => element.textContent ?? ''))

/** The pixels of a PNG, by the browser's own decoder in a page of its own. */
export async function pixelsOf(page: Page, png: Buffer) {
  const other = await page.context().newPage()
  const { width, data } = await other.evaluate(async (base64) => {
    const image = new Image()
    image.src = `data:image/png;base64,${base64}`
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.naturalWidth
    canvas.height = image.naturalHeight
    const context = canvas.getContext('2d')!
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    let text = ''
    for (const byte of data) text += String.fromCharCode(byte)
    return { width: canvas.width, data: btoa(text) }
  }, png.toString('base64'))
  await other.close()
  const bytes = Buffer.from(data, 'base64')
  return {
    width,
    height: bytes.length / 4 / width,
    at: (x: number, y: number): readonly [number, number, number] => {
      const i = 4 * (Math.round(y) * width + Math.round(x))
      return [bytes[i]!, bytes[i + 1]!, bytes[i + 2]!]
    },
  }
}

/** Of axe: what is against WCAG 2.2 A or AA on the page as it is now, as `rule: element`. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
    }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    const found = await axe.run({ runOnly: { type: 'tag', values: tags } })
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`),
    )
  })
}
