import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PolicyError, policies, policyNames, resolvePolicy } from '../../src/policy/index.js'
import { runScenario } from '../../src/world/index.js'
import { libraryScenario } from '../helpers/library.js'

function moduleFile(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'policy-')), name)
  writeFileSync(file, text)
  return file
}

const mine = (fields: string) => `
interface Context { power: { guestTimebase(): bigint; setGuestTimebase(value: bigint): void } }
export default { name: 'mine', system: 'power', title: 'resume where it stopped', source: 'notes', ${fields} }
`
const saves = 'save: ({ power }: Context) => ({ guest_timebase: power.guestTimebase() })'
const restores = `restore: ({ power }: Context, saved: Record<string, bigint>) => power.setGuestTimebase(saved.guest_timebase + 512_000_000n)`

describe('built-in policies', () => {
  it('have names of their own, a title and a source', () => {
    expect(new Set(policyNames()).size).toBe(policies.length)
    for (const policy of policies) {
      expect(policy.name).toMatch(/^(xen|kvm|power)-[a-z0-9-]+$/)
      expect(policy.name.startsWith(policy.system)).toBe(true)
      expect(policy.title.length).toBeGreaterThan(10)
      expect(policy.source.length).toBeGreaterThan(10)
    }
  })

  it('are found by name; an unknown name is refused with those there are', async () => {
    expect((await resolvePolicy('xen-today')).name).toBe('xen-today')
    await expect(resolvePolicy('xen-tomorrow')).rejects.toThrow(
      /no policy 'xen-tomorrow'; there are xen-2008, /,
    )
  })
})

describe('a policy of the user’s', () => {
  it('is loaded from a TypeScript file and does what it says: one second too many', async () => {
    const policy = await resolvePolicy(moduleFile('mine.ts', mine(`${saves}, ${restores}`)))
    const scenario = await libraryScenario('power-running')
    const { clocks } = runScenario(scenario, { policy }).guests[0]!
    const plain = runScenario(scenario, { policy: await resolvePolicy('power-qemu') }).guests[0]!.clocks
    expect(clocks.monotonic! - plain.monotonic!).toBe(1_000_000_000n)
  })

  it('is loaded from a JavaScript file', async () => {
    const text = `export default { name: 'js', system: 'kvm', title: 't', source: 's', save: () => ({}), restore() {} }`
    expect((await resolvePolicy(moduleFile('mine.mjs', text))).name).toBe('js')
  })

  it.each([
    ['no file', () => './no-such-policy.ts', /no such policy file/],
    ['no default export', () => moduleFile('a.ts', 'export const x = 1'), /no policy is exported as default/],
    ['a syntax error', () => moduleFile('b.ts', 'export default {'), /b\.ts: /],
    ['a module that throws', () => moduleFile('c.mjs', 'throw new Error("not today")'), /not today/],
    ['no restore', () => moduleFile('d.ts', mine(saves)), /'restore' must be a function/],
    [
      'a wrong system',
      () => moduleFile('e.ts', mine(`${saves}, ${restores}`).replace("'power'", "'arm'")),
      /'system'/,
    ],
    [
      'a stop that is no function',
      () => moduleFile('f.ts', mine(`${saves}, ${restores}, stop: 1`)),
      /'stop' must/,
    ],
  ])('is refused: %s', async (_what, file, message) => {
    const refusal = await resolvePolicy(file()).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(PolicyError)
    expect((refusal as Error).message).toMatch(message)
  })
})
