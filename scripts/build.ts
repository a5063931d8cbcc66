/**
 * Builds what is out of date: `build.ts [core] [dist] [lab] [--clean]`, all when none is named.
 *
 *   core   assembly/ -> build/core.wasm, build/power.wasm           asc, each with its .debug.wasm, all at once
 *   dist   src/      -> dist/, scenario library and C included       tsc
 *   lab    src/lab/  -> dist/lab/, with core and library in it     vite
 *
 * A result carries the instant at which its build started as its time of change, so a source edited meanwhile
 * makes it out of date again. Each result is built beside its place and renamed into it: a test that reads the
 * core while it is built sees the old one or the new one, never half a file.
 */
import { spawn } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const path = (...parts: string[]) => join(root, ...parts)

/** The latest time of change below `folder`, in ms; folders count, so that a deletion is seen. */
async function latestChange(folder: string): Promise<number> {
  const times = [(await stat(folder)).mtimeMs]
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    times.push((await stat(join(entry.parentPath, entry.name))).mtimeMs)
  }
  return Math.max(...times)
}

/** Whether `result` is there and as new as the sources and the files that say how to build them. */
async function current(result: string, source: string, settings: string[]): Promise<boolean> {
  const built = await stat(path(result)).catch(() => null)
  if (!built) return false
  const changes = [
    latestChange(path(source)),
    ...settings.map(async (file) => (await stat(path(file))).mtimeMs),
  ]
  return built.mtimeMs >= Math.max(...(await Promise.all(changes)))
}

/** Runs a tool of node_modules; its output goes to stderr, since stdout may belong to someone's JSON. */
function run(script: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path('node_modules', script), ...args], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    child.on('error', reject)
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${script} ${args.join(' ')} failed`)),
    )
  })
}

async function buildCore(): Promise<void> {
  const started = new Date()
  await mkdir(path('build'), { recursive: true })
  const fresh = await mkdtemp(path('build', 'new-'))
  try {
    const asc = (entry: string, target: string, file: string, ...more: string[]) =>
      run('assemblyscript/bin/asc.js', entry, '--target', target, '--outFile', join(fresh, file), ...more)
    await Promise.all([
      asc('assembly/index.ts', 'release', 'core.wasm'),
      asc('assembly/index.ts', 'debug', 'core.debug.wasm', '--textFile', join(fresh, 'core.debug.wat')),
      asc('assembly/power-cpu/index.ts', 'power', 'power.wasm'),
      asc('assembly/power-cpu/index.ts', 'power-debug', 'power.debug.wasm'),
    ])
    for (const file of await readdir(fresh)) {
      await utimes(join(fresh, file), started, started)
      await rename(join(fresh, file), path('build', file))
    }
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

async function buildDist(): Promise<void> {
  const started = new Date()
  const fresh = await mkdtemp(path('dist-new-'))
  try {
    await run('typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh)
    await cp(path('src/scenario/library'), join(fresh, 'scenario/library'), { recursive: true })
    await cp(path('src/bench/native'), join(fresh, 'bench/native'), { recursive: true })
    await chmod(join(fresh, 'cli/main.js'), 0o755)
    await utimes(join(fresh, 'index.js'), started, started)
    // The page is built by itself.
    await rename(path('dist/lab'), join(fresh, 'lab')).catch(() => {})
    await rm(path('dist'), { recursive: true, force: true })
    await rename(fresh, path('dist'))
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

async function buildPage(): Promise<void> {
  const started = new Date()
  const fresh = await mkdtemp(path('dist-lab-new-'))
  try {
    const { buildLab } = await import('./build-lab.js')
    await buildLab(fresh)
    await chmod(fresh, 0o755)
    await utimes(join(fresh, 'index.html'), started, started)
    await rm(path('dist/lab'), { recursive: true, force: true })
    await rename(fresh, path('dist/lab'))
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

const PARTS = ['core', 'dist', 'lab']
const args = process.argv.slice(2)
const wanted = (part: string) => args.includes(part) || !PARTS.some((one) => args.includes(one))
const clean = args.includes('--clean')
const CORES = ['core.wasm', 'core.debug.wasm', 'power.wasm', 'power.debug.wasm']
const currentCores = CORES.map((file) => current(`build/${file}`, 'assembly', ['asconfig.json']))
const core = clean || (await Promise.all(currentCores)).includes(false)
const dist = clean || !(await current('dist/index.js', 'src', ['tsconfig.json', 'tsconfig.build.json']))

/** One that fails lets the others finish. */
async function all(...builds: (Promise<void> | false)[]): Promise<void> {
  for (const result of await Promise.allSettled(builds)) {
    if (result.status === 'fulfilled') continue
    console.error(result.reason instanceof Error ? result.reason.message : result.reason)
    process.exitCode = 1
  }
}

await all(wanted('core') && core && buildCore(), wanted('dist') && dist && buildDist())
// The page has the core in it, and lies in dist/.
const settings = ['build/core.wasm', 'build/power.wasm', 'scripts/build-lab.ts', 'tsconfig.json']
const lab = clean || !(await current('dist/lab/index.html', 'src', settings))
if (!process.exitCode) await all(wanted('lab') && lab && buildPage())
