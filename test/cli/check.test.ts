/** `chronovisor check` on a command line: what it finds, what it writes, how it ends. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folder.js'
import { execute } from './execute.js'

const folder = temporaryFolder()
const OWN = `export default {
  name: 'mine', system: 'power', title: 'resume where it was saved', source: 'a test',
  save: ({ power }) => ({ guest_timebase: power.guestTimebase() }),
  restore: ({ power }, saved) => power.setGuestTimebase(saved.guest_timebase - 5_120_000n),
}
`

it('finds what is wrong with a policy of the user’s, and writes what `run` replays', async () => {
  const policy = join(folder, 'mine.mjs')
  writeFileSync(policy, OWN)
  const args = ['check', '--policy', policy, '--runs', '60', '--out', join(folder, 'found')]
  const { code, stdout, stderr } = await execute([...args, '--json'])
  expect(code, stderr).toBe(1)
  const { kept, histories, breaches } = JSON.parse(stdout)
  expect([kept, histories]).toEqual([false, 60])
  const written = breaches.filter(({ promised }: { promised: boolean }) => promised)
  expect(written.map(({ breach }: { breach: string }) => breach)).toContain('seam')
  expect(readdirSync(join(folder, 'found'))).toHaveLength(written.length)
  for (const { file } of written) {
    const run = await execute(['run', file, '--expected'])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect((await execute(['check', file])).code).toBe(1)
  }
  const text = await execute(args)
  expect(text.code).toBe(1)
  expect(text.stdout).toContain(`The same again: chronovisor check --policy ${policy} --seed 1 --from`)
})

it('ends with 0 where nothing breaks', async () => {
  const { code, stdout } = await execute(['check', '--policy', 'power-tcg', '--runs', '20', '--out', folder])
  expect(code).toBe(0)
  expect(stdout).toContain('no history breaks what it promises')
})

it.each([
  [['check'], 'no policy; expected --policy'],
  [['check', '--policy', 'xen-tomorrow'], "there is no policy 'xen-tomorrow'"],
  [['check', '--policy', 'xen-today', '--guest', 'linux-kvm'], 'expected linux-2.6.18-xen or linux-xen'],
  [['check', '--policy', 'xen-today', '--runs', '0'], '"0"; expected a whole number from 1'],
  [
    ['check', '--policy', 'xen-today', '--runs', '300', '--queue', 'redis://127.0.0.1:1'],
    'expected a Redis or Valkey',
  ],
  [['worker', '--queue', 'nowhere'], 'expected redis://HOST:PORT'],
])('%s is refused', async (args, message) => {
  const { code, stdout, stderr } = await execute(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(message)
})
