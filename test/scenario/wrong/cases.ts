/**
 * Wrong scenarios, each with the place that the error points at: the mark ▲ stands before that character and is
 * taken out before the text is read.
 */
import { expect, it } from 'vitest'
import { parseScenario, ScenarioError } from '../../../src/scenario/index.js'

export const HEAD = 'name: x\ntitle: t\nduration: 100 s\n'
export const HOSTS = `hosts:
  a: { hypervisor: xen }
  b: { hypervisor: xen }
  k: { hypervisor: kvm }
  p: { hypervisor: power-kvm }
`
export const GUESTS = `guests:
  g: { on: a, kernel: linux-xen, vcpus: 2 }
  v: { on: k, kernel: linux-kvm }
  w: { on: p, kernel: linux-ppc64 }
  d: { on: b, kernel: linux-xen, dom0: true }
`
/** The parts of a scenario around the mistake. */
export const top = (lines: string) => `${lines}\n${HOSTS}${GUESTS}`
export const host = (text: string) =>
  `${HEAD}hosts:\n  a: ${text}\nguests:\n  g: { on: a, kernel: linux-xen }\n`
export const guest = (text: string) => `${HEAD}${HOSTS}guests:\n  g: ${text}\n`
export const xen = (text: string) => guest(`{ on: a, kernel: linux-xen, vcpus: 2, ${text} }`)
export const events = (...items: string[]) =>
  `${HEAD}${HOSTS}${GUESTS}events:\n${items.map((item) => `  - { ${item} }\n`).join('')}`
export const tail = (text: string) => `${HEAD}${HOSTS}${GUESTS}${text}\n`
export const many = (count: number, item: (index: number) => string, separator = ', ') =>
  Array.from({ length: count }, (_, index) => item(index)).join(separator)

export type Case = readonly [what: string, text: string, message: string]

/** Text and place of a marked text: lines and columns count from 1. */
function unmark(marked: string): { text: string; place: string } {
  const [before, after, ...more] = marked.split('▲')
  if (after === undefined || more.length > 0) throw new Error('one ▲, please')
  const lines = before!.split('\n')
  return { text: before + after, place: `case.yaml:${lines.length}:${lines.at(-1)!.length + 1}: ` }
}

function errorOf(text: string): ScenarioError {
  try {
    parseScenario(text, 'case.yaml')
  } catch (error) {
    if (error instanceof ScenarioError) return error
    throw error
  }
  throw new Error('no error')
}

export function testCases(cases: readonly Case[]): void {
  it.each(cases)('%s', (_what, marked, message) => {
    const { text, place } = unmark(marked)
    const error = errorOf(text)
    expect(error.message).toBe(place + error.detail)
    expect(error.detail).toContain(message)
    // One line that says what is wrong and what would be right.
    expect(error.detail).toMatch(/^[^\n]+; expected [^\n]+$/)
  })

  it('has no case twice', () => {
    const names = cases.map(([what]) => what)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })
}
