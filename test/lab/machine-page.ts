/** What tests and figures do on the page of one machine. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

/** Waits until there is a machine that does not run any more; says why. */
export async function stood(page: Page, timeout = 60_000): Promise<string> {
  await page.waitForSelector('.work[aria-busy=false] [data-fact=State]:not(:text-is("…"))', { timeout })
  return (await page.textContent('#status'))!
}

export interface Standing {
  readonly cycles: bigint
  readonly hash: string
}

export async function standing(page: Page): Promise<Standing> {
  const fact = async (name: string) => (await page.textContent(`[data-fact="${name}"]`))!
  return { cycles: BigInt((await fact('Cycles')).replaceAll(',', '')), hash: await fact('State') }
}

/** On to that cycle, and what the machine is there. */
export async function runTo(page: Page, cycles: bigint, timeout?: number): Promise<Standing> {
  await page.fill('#until', `${cycles}`)
  await page.press('#until', 'Tab')
  await page.click('#run')
  await page.waitForFunction(
    (text) => document.querySelector('[data-fact=Cycles]')?.textContent === text,
    cycles.toLocaleString('en-US'),
    { timeout: timeout ?? 60_000 },
  )
  await stood(page, timeout)
  return standing(page)
}

async function saved(page: Page, button: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)])
  return readFileSync(await download.path())
}

/** Every byte that the guest has printed. */
export const consoleOf = (page: Page): Promise<Buffer> => saved(page, '#save-console')
export const machineFile = (page: Page): Promise<Buffer> => saved(page, '#save')

/** Switches a kernel on that lies on the disk, with the first process of the page; it stands after a few cycles. */
export async function bootKernel(
  page: Page,
  { kernel, append, memoryMib }: { kernel: string; append: string; memoryMib: number },
): Promise<void> {
  await stood(page)
  await page.setInputFiles('#files', kernel)
  await page.waitForSelector('.files dt:has-text("Kernel")')
  await page.selectOption('#memory', `${memoryMib}`)
  await page.fill('#append', append)
  await page.fill('#until', '1000')
  await page.press('#until', 'Tab')
  // As fast as it goes.
  await page.uncheck('#paced')
  await page.click('#boot')
  await stood(page)
}

/** Goes on from a file of a saved machine. */
export async function openSaved(page: Page, file: string, timeout: number): Promise<void> {
  await stood(page)
  await page.setInputFiles('#files', file)
  await stood(page, timeout)
}
