import { describe, expect, it } from 'vitest'
import { completionAt } from '../../src/lab/editor/complete.js'
import { piecesOf } from '../../src/lab/editor/paint.js'
import { policyNames } from '../../src/policy/built-in.js'
import { scenarioJsonSchema } from '../../src/scenario/index.js'

const schema = scenarioJsonSchema() as Record<string, unknown>

/** What is offered at the `|` of the text. */
function offered(marked: string): string[] {
  const caret = marked.indexOf('|')
  const text = marked.slice(0, caret) + marked.slice(caret + 1)
  const completion = completionAt(text, caret, schema, policyNames())
  return completion?.options.map(({ label }) => label) ?? []
}

const HEAD = 'name: x\nhosts:\n  a: { hypervisor: xen }\n  b: { hypervisor: xen }\nguests:\n  g: { on: a }\n'

describe('completion', () => {
  it.each<[string, string, string[]]>([
    ['keys at the top', 'du|', ['duration']],
    ['keys of a block', 'hosts:\n  a:\n    hyp|', ['hypervisor']],
    ['keys in braces', 'hosts:\n  a: { uptime: 5 s, hyp|', ['hypervisor']],
    ['keys in braces over lines', 'hosts:\n  a:\n    {\n      hyp|', ['hypervisor']],
    ['keys in braces in braces', 'hosts:\n  a: { tsc: { freq|', ['frequency']],
    ['words', 'hosts:\n  a: { hypervisor: power-t|', ['power-tcg']],
    ['words of a block', 'hosts:\n  a:\n    hypervisor: kv|', ['kvm']],
    ['keys of an item', 'guests:\n  g:\n    read:\n      - { clo|', ['clock']],
    ['keys of a block item', 'guests:\n  g:\n    sleep:\n      - for: 2 s\n        ev|', ['every']],
    ['an event', 'events:\n  - { at: 60 s, migr|', ['migrate']],
    ['hosts of the scenario', `${HEAD}events:\n  - { at: 1 s, migrate: g, to: |`, ['a', 'b']],
    ['guests of the scenario', `${HEAD}events:\n  - { at: 1 s, migrate: |`, ['g']],
    ['the host of a guest', `${HEAD}  h: { on: |`, ['a', 'b']],
    ['policies', 'compare: [xen-2008, xen-fix-1, xen-tod|', ['xen-today']],
    ['policies of a guest', 'guests:\n  g:\n    policy: power-tc|', ['power-tcg']],
    ['numbers that are words', 'guests:\n  g: { hz: 3|', ['300']],
    ['a check', 'checks:\n  late|', ['late-wake']],
    ['off', 'checks:\n  late-wake: o|', ['off']],
    ['below a block that ended', 'hosts:\n  a:\n    tsc:\n      error: 1 ppm\n    upt|', ['uptime']],
  ])('offers %s', (_, marked, expected) => {
    expect(offered(marked)).toEqual(expected)
  })

  it.each([
    ['in a comment', '# du|'],
    ['in quotes', 'title: "du|'],
    ['in folded text', 'summary: >-\n  a du|'],
    ['where it is whole', 'duration|'],
    ['below an unknown key', 'nothing:\n  a|'],
  ])('offers nothing %s', (_, marked) => {
    expect(offered(marked)).toEqual([])
  })

  it('says where the word begins and what it means', () => {
    const text = 'hosts:\n  a: { hyp'
    expect(completionAt(text, text.length, schema, [])).toMatchObject({
      from: text.length - 3,
      options: [{ label: 'hypervisor', detail: 'what runs the guests' }],
    })
  })
})

describe('painting', () => {
  it.each<[string, string[]]>([
    [
      '  a: { uptime: 5000 s } # old',
      [
        'plain',
        'key',
        'mark',
        'plain',
        'mark',
        'plain',
        'key',
        'mark',
        'plain',
        'number',
        'plain',
        'mark',
        'plain',
        'comment',
      ],
    ],
    ["the hosts' clocks", ['plain']],
    ['kernel: linux-2.6.18-xen', ['key', 'mark', 'plain']],
    ['title: "a # b"', ['key', 'mark', 'plain', 'text']],
  ])('%s', (line, kinds) => {
    const pieces = piecesOf(line)
    expect(pieces.map(({ text }) => text).join('')).toBe(line)
    expect(pieces.map(({ kind }) => kind)).toEqual(kinds)
  })
})
