/** The lab page: src/lab/ and what it takes of src/, with the package's core -> plain files for any file server. */
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'
import { policyNames } from '../src/policy/built-in.js'
import { listLibrary, scenarioPath } from '../src/scenario/library.js'
import { readScenarioText } from '../src/scenario/load.js'
import { scenarioJsonSchema } from '../src/scenario/schema.js'

const path = (from: string) => fileURLToPath(new URL(`../${from}`, import.meta.url))

const LIBRARY = 'virtual:library'

/** What the page could only find out by reading every file of the library. */
const library: Plugin = {
  name: 'library',
  resolveId: (id) => (id === LIBRARY ? `\0${LIBRARY}` : null),
  load: (id) => {
    if (id !== `\0${LIBRARY}`) return null
    const entries = listLibrary().map(({ name, title, system }) => {
      return { name, title, system, text: readScenarioText(scenarioPath(name)) }
    })
    return [
      `export const library = ${JSON.stringify(entries)}`,
      `export const schema = ${JSON.stringify(scenarioJsonSchema())}`,
      `export const policyNames = ${JSON.stringify(policyNames())}`,
    ].join('\n')
  },
}

/** What a page has not, and what is there instead: who asks, for what, and what it gets. */
const REPLACED = [
  ['/src/core/load.ts', './disk.js', 'src/lab/worker/disk.ts'],
  ['/src/world/world.ts', './code/guest.js', 'src/lab/worker/no-code.ts'],
] as const

const replaced: Plugin = {
  name: 'replaced',
  enforce: 'pre',
  resolveId: (id, importer) => {
    const asks = importer?.replaceAll('\\', '/') ?? ''
    const found = REPLACED.find(([who, what]) => id === what && asks.endsWith(who))
    return found ? path(found[2]) : null
  },
}

/** zod can write JSON schemas. Nobody asks it to: the page has the one that was written when it was built. */
const noJsonSchema: Plugin = {
  name: 'no-json-schema',
  transform: (code, id) => {
    if (!/\/zod\/v4\/core\/(to-json-schema|json-schema-processors)\.js$/.test(id.replaceAll('\\', '/')))
      return null
    const names = [...code.matchAll(/^export (?:function|const|class) (\w+)/gm)].map(([, name]) => name)
    const none = "const none = () => { throw new Error('there is no JSON schema of zod in the page') }"
    return [none, ...names.map((name) => `export const ${name} = none`)].join('\n')
  },
}

/** Builds into `folder`, which it empties. A warning is an error: most often something of Node is in the page. */
export async function buildLab(folder: string): Promise<void> {
  const warnings: string[] = []
  await build({
    configFile: false,
    root: path('src/lab'),
    base: './',
    logLevel: 'warn',
    plugins: [library, replaced],
    worker: { format: 'es', plugins: () => [replaced, noJsonSchema] },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      // Everything is a file of its own, so that the page's policy need not allow anything inline.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: [path('src/lab/index.html'), path('src/lab/machine.html')],
        onLog: (level, { code, message }) => {
          if (level === 'warn' && code !== 'PLUGIN_TIMINGS') warnings.push(message)
        },
      },
    },
  })
  if (warnings.length > 0) throw new Error(`the page was built with warnings:\n${warnings.join('\n')}`)
}
