/** Whatever is wrong with the input: exit status 2, one line on stderr, nothing on stdout. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { execute } from './execute.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

const scenario = `
name: mine
title: mine
duration: 1 s
hosts: { a: { hypervisor: xen } }
guests: { g: { on: a, kernel: linux-xen, policy: POLICY } }
`
const file = (name: string, text: string) => writeFileSync(join(folder, name), text)
file('wrong.yaml', 'name: wrong\ntitle: x\nduration: 1 parsec\n')
file('foreign.yaml', scenario.replace('POLICY', 'kvm-qemu'))
file('missing.yaml', scenario.replace('POLICY', './missing.ts'))
file('unknown.yaml', scenario.replace('POLICY', 'xen-2009'))
file('empty.mjs', 'export const policy = 1\n')

file('broken.mjs', moduleOf('() => missing.thing'))

function moduleOf(restore: string): string {
  const names = "name: 'own', system: 'xen', title: 'mine', source: 'here'"
  return `export default { ${names}, save: () => ({}), restore: ${restore} }\n`
}

it.each([
  [['rnu'], "unknown command 'rnu' (Did you mean run?)"],
  [['run'], 'no scenario; expected a name that `chronovisor list` shows, a path, or --all'],
  [['compare', 'a', 'b'], 'too many arguments'],
  [['run', 'xen-good-lower', '--jsno'], "unknown option '--jsno' (Did you mean --json?)"],
  [
    ['run', 'xen-good-lowr'],
    'xen-good-lowr: there is no such scenario (did you mean "xen-good-lower"?); expected a',
  ],
  [['run', '@/absent.yaml'], 'absent.yaml: there is no such file; expected a scenario file'],
  [['run', '@/'], 'this is a directory; expected a scenario file'],
  [
    ['run', '@/wrong.yaml'],
    'wrong.yaml:3:11: duration: "1 parsec" has the unknown unit "parsec"; expected a duration',
  ],
  [
    ['run', '@/foreign.yaml'],
    'the policy kvm-qemu is for kvm, and guest g runs on xen; expected one of xen-2008,',
  ],
  [['run', '@/unknown.yaml'], 'xen-2009'],
  [['run', '@/missing.yaml'], 'missing.ts: no such policy file'],
  [['run', 'xen-good-lower', '--policy', 'xen-2009'], 'xen-2009'],
  [['run', 'xen-good-lower', '--policy', '@/absent.ts'], 'absent.ts: no such policy file'],
  [['run', 'xen-good-lower', '--policy', '@/empty.mjs'], 'empty.mjs: no policy is exported as default'],
  [
    ['run', 'xen-good-lower', '--policy', '@/broken.mjs'],
    'the policy own failed: missing is not defined at Object.restore (',
  ],
  [
    ['run', 'xen-good-lower', '--policy', 'power-qemu'],
    'the policy power-qemu is for power, and guest g runs on xen',
  ],
  [['run', 'xen-good-lower', '--seed', '1.5'], 'the seed "1.5"; expected a whole number from 0 to'],
  [['compare', 'xen-good-lower', '--policies', 'xen-2008,,xen-today'], 'has an empty name; expected a,b,…'],
  [
    ['compare', 'xen-good-lower', '--policies', 'xen-2008,xen-2008'],
    'the policy xen-2008 is in the list twice',
  ],
  [['list', 'vax'], 'no scenario has "vax" in its name, title or citation'],
] as const)('%j', async (args, message) => {
  const inFolder = args.map((arg) => arg.replace(/^@/, folder))
  for (const more of args[0] === 'rnu' ? [[]] : [[], ['--json']]) {
    const { code, stdout, stderr } = await execute([...inFolder, ...more])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^chronovisor: [^\n]+\n$/)
  }
})

it('without a command: the help, on stderr', async () => {
  const { code, stdout, stderr } = await execute([])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^Usage: chronovisor/)
})
