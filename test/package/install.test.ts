/**
 * The package as its users get it: packed, installed in an empty folder, used from the command line, as a library
 * and with types. Needs what `npm install` needs: the dependencies from npm's cache, or from the registry.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'chronovisor-package-'))
let packed: string[] = []

beforeAll(() => {
  const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, encoding: 'utf8' })
  npm(root, 'run', 'build')
  const [tarball] = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder))
  packed = tarball.files.map(({ path }: { path: string }) => path)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball.filename}`)
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000)

function run(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
  // npx has warnings of its own, about its user's configuration.
  return { status, stdout, stderr: stderr.replace(/^npm .*\n/gm, '') }
}

const chronovisor = (...args: string[]) => run('npx', '--no-install', 'chronovisor', ...args)

test('the tarball holds what runs and what explains it, and nothing else', () => {
  const needed = [
    'LICENSE',
    'README.md',
    'build/core.wasm',
    'build/power.wasm',
    'dist/bench/native/clock.c',
    'dist/cli/main.js',
    'dist/index.d.ts',
    'dist/index.js',
    'dist/scenario/library/xen-1282-stale-lower.yaml',
    'package.json',
  ]
  expect(needed.filter((path) => !packed.includes(path))).toEqual([])
  const allowed =
    /^(dist|docs)\/|^build\/(core|power)\.wasm$|^(ARCHITECTURE|README)\.md$|^LICENSE$|^package\.json$/
  expect(packed.filter((path) => !allowed.test(path))).toEqual([])
})

test('npx chronovisor list --json', () => {
  const { status, stdout, stderr } = chronovisor('list', '--json')
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(JSON.stringify(JSON.parse(stdout))).toContain('xen-1282-stale-lower')
})

test('npx chronovisor run: a built-in scenario fails as the bug does', () => {
  const { status, stdout } = chronovisor('run', 'xen-1282-stale-lower', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ scenario: 'xen-1282-stale-lower', verdict: 'fail' })
  expect(status).toBe(1)
})

test('npx chronovisor bench: benchmark.js and the peer in C come along', () => {
  const { status, stdout } = chronovisor('bench', '--only', 'scale-chain,call-number', '--quick', '--json')
  expect(status).toBe(0)
  expect(JSON.parse(stdout).results).toMatchObject([{ id: 'scale-chain' }, { id: 'call-number' }])
})

test('npx chronovisor run --policy: a TypeScript policy of the user', () => {
  const mine = `
    import { builtInPolicy, type ClockPolicy } from 'chronovisor'
    const mine: ClockPolicy = { ...builtInPolicy('xen-today'), name: 'mine' }
    export default mine
  `
  writeFileSync(join(folder, 'mine.ts'), mine)
  const { status, stdout, stderr } = chronovisor(
    'run',
    'xen-1282-stale-lower',
    '--policy',
    './mine.ts',
    '--json',
  )
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({ verdict: 'pass', guests: { g: { policy: 'mine' } } })
  expect(status).toBe(0)
})

test('import from a module, with types', () => {
  const user = `
    import { fileURLToPath } from 'node:url'
    import { judge, loadScenarioFile, type RunResult, runScenario } from 'chronovisor'
    import { scale } from 'chronovisor/math'
    const file = new URL('dist/scenario/library/xen-good-lower.yaml', import.meta.resolve('chronovisor/package.json'))
    const result: RunResult = runScenario(await loadScenarioFile(fileURLToPath(file)))
    const ends: bigint = result.endNs
    const mul: bigint | number = scale(2_400_000_000n).toNs.xen.mul
    console.log(\`\${ends} \${judge(result).filter((check) => check.verdict === 'fail').length} \${mul}\`)
  `
  writeFileSync(join(folder, 'user.ts'), user)
  const types = join(root, 'node_modules/@types')
  const options = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
    '--typeRoots',
    types,
  ]
  const compiled = run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), ...options, 'user.ts')
  expect(compiled).toMatchObject({ stdout: '', status: 0 })
  expect(run(process.execPath, 'user.js')).toMatchObject({
    stdout: '120000000000 0 3579139413\n',
    stderr: '',
    status: 0,
  })
})
