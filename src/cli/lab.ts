import { once } from 'node:events'
import { cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { jsonText } from '../report/json.js'
import { InputError, note, print } from './output.js'
import { serverOf } from './serve.js'

/** From src/ and from dist/. */
const PAGE = fileURLToPath(new URL('../../dist/lab/', import.meta.url))
/** After Xen's bug. */
const PORT = 1282

interface Options {
  port: number
  machine?: true
  static?: string
  json?: true
}

export function addLab(program: Command): void {
  program
    .command('lab')
    .summary('the lab: scenarios, knobs, pictures and bytes in a browser')
    .description(
      'Serves the lab page to browsers on this machine, until it is interrupted. The page runs scenarios by itself, on the same core.',
    )
    .argument('[scenario]', 'a name that `list` shows, or a guest of the machine: the address leads to it')
    .option('--port <n>', 'to listen on at 127.0.0.1; 0: any that is free', parsePort, PORT)
    .option('--machine', 'the page of one Power machine instead')
    .option('--static <folder>', 'writes the page as files for any file server instead, into a new folder')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  $ chronovisor lab xen-1282-stale-lower\n  $ chronovisor lab --machine b64-clocks',
    )
    .action(async (scenario: string | undefined, options: Options) => {
      if (options.static === undefined) await serve(scenario, options)
      else await writeStatic(options.static, options)
    })
}

async function serve(scenario: string | undefined, { machine, port, json }: Options): Promise<void> {
  const server = serverOf(await page())
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new InputError(`port ${port} is in use; expected a free one: --port 0 takes any`)
  }
  const hash = scenario === undefined ? '' : `#${encodeURIComponent(scenario)}`
  const file = machine ? 'machine.html' : ''
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${file}${hash}`
  print(json ? jsonText({ url }) : `${url}\n`)
  note('Open it in a browser. Ctrl+C ends it.\n')
  const ended = new AbortController()
  const { signal } = ended
  await Promise.race([once(process, 'SIGINT', { signal }), once(process, 'SIGTERM', { signal })])
  ended.abort()
  server.closeAllConnections()
  server.close()
}

/** Written beside its place and moved there: whole or not at all. */
async function writeStatic(to: string, { json }: Options): Promise<void> {
  const from = await page()
  const folder = resolve(to)
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new InputError(
      `${to}: ${error.code === 'ENOTDIR' ? 'this is no folder' : error.message}; expected a new folder`,
    )
  })
  if (there.length > 0) throw new InputError(`${to}: this folder is not empty; expected a new one`)
  const fresh = await mkdtemp(join(dirname(folder), '.chronovisor-lab-'))
  try {
    const copy = join(fresh, 'lab')
    await cp(from, copy, { recursive: true })
    await rm(folder, { recursive: true, force: true })
    await rename(copy, folder)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  print(json ? jsonText({ folder }) : `${folder}\n`)
}

async function page(): Promise<string> {
  const files = await readdir(PAGE).catch((): string[] => [])
  if (files.includes('index.html')) return PAGE
  throw new InputError(`${PAGE}: the page is not built; expected what \`npm run build\` writes`)
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InputError(`the port ${JSON.stringify(text)}; expected a whole number from 0 to 65535`)
}
