/** docs/scenario.md and the JSON Schema against the schema that is used. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseScenario, scenarioJsonSchema } from '../../src/scenario/index.js'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | false
  readonly items?: Schema
  readonly pattern?: string
  readonly anyOf?: readonly Schema[]
}

const schema = scenarioJsonSchema() as Schema
const docs = readFileSync('docs/scenario.md', 'utf8')
const rows = docs.split('\n').filter((line) => line.startsWith('| '))

interface Key {
  readonly path: string
  readonly name: string
  readonly schema: Schema
  readonly required: boolean
}

/** Every key of the format, by its path. */
function keysOf(of: Schema, path = ''): Key[] {
  const own = Object.entries(of.properties ?? {}).flatMap(([name, child]) => [
    { path: `${path}.${name}`, name, schema: child, required: of.required?.includes(name) ?? false },
    ...keysOf(child, `${path}.${name}`),
  ])
  const inner = [of.items, of.additionalProperties || undefined, ...(of.anyOf ?? [])]
  return [...own, ...inner.flatMap((child) => (child ? keysOf(child, path) : []))]
}

/** What a row of the reference has to hold for a key, next to its name. */
function facts({
  schema: { default: standard, description = '', enum: words, const: only, type, minimum, maximum },
}: Key): string[] {
  const range = /\(from (.*) to ([^(,]*)(?:, or a range low \.\. high)?\)$/.exec(description)
  return [
    ...(typeof standard === 'object' || standard === undefined ? [] : [`\`${standard}\``]),
    ...(words ?? []).map((word) => `\`${word}\``),
    ...(range ? [`${range[1]} … ${range[2]}`] : []),
    ...(type === 'integer' ? [`${minimum} … ${maximum}`] : []),
    ...(type === 'boolean' ? [only === undefined ? '`true`, `false`' : `\`${only}\``] : []),
  ]
}

const keys = keysOf(schema)

describe('the reference', () => {
  it('is about as many keys as there are', () => {
    expect(keys.length).toBeGreaterThan(120)
  })

  it.each(keys.map((key) => [key.path, key] as const))(
    'names %s with its values and default',
    (_path, key) => {
      // `at` of events has no row of its own, and the limits have the row of their check.
      const check = /^\.checks\.([a-z-]+)\./.exec(key.path)?.[1]
      const start = check
        ? `| \`${check}\` | \`${key.name}\` |`
        : `| \`${key.name}\`${key.required ? ' *' : ''}`
      const own =
        key.path === '.events.at'
          ? docs.split('\n').filter((line) => line.includes('`at` *'))
          : rows.filter((row) => row.startsWith(start))
      const wanted = facts(key)
      const full = own.filter((row) => wanted.every((fact) => row.includes(fact)))
      expect(full.length, `a row ${start} with ${wanted.join(' and ')}`).toBeGreaterThan(0)
    },
  )

  it('has examples that are read', () => {
    const examples = [...docs.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1]!)
    const whole = examples.filter((text) => !text.startsWith('# a'))
    expect(whole.map((text) => parseScenario(text, 'docs').name)).toEqual(['my-migration'])
    const parts = examples.filter((text) => text.startsWith('# a part'))
    expect(parts.map((text) => parseScenario(whole[0]! + text, 'docs').checks.monotonic)).toEqual([
      { downtime: 'excluded' },
    ])
  })

  it('shows what ranges are drawn as', () => {
    const [whole, event] = ['name: my-', '# an event\n'].map(
      (start) => new RegExp(`\`\`\`yaml\\n(${start}.*?)\`\`\``, 's').exec(docs)![1]!,
    ) as [string, string]
    const text = whole.replace(/( *)- \{ at: .*\n/, event.replace('# an event\n', '$1'))
    for (const seed of [1, 2, 7]) {
      const { drawn } = parseScenario(text, 'docs', { seed })
      expect(drawn.map(({ path }) => path)).toEqual(['events[0].at', 'events[0].downtime'])
      expect(rows).toContain(`| ${seed} | ${drawn.map(({ value }) => `\`${value}\``).join(' | ')} |`)
    }
  })

  it('shows an error as it is', () => {
    const shown = docs.split('\n').find((line) => line.startsWith('my.yaml:12:15: '))!
    const text = `${'\n'.repeat(9)}hosts:\n  a:\n    uptime:   100\n    hypervisor: xen\nname: x\ntitle: t\nduration: 1 s\nguests: {}\n`
    expect(() => parseScenario(text, 'my.yaml')).toThrow(shown)
  })
})

describe('the JSON Schema', () => {
  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
  })

  it('names what must be there, and allows no other keys', () => {
    expect(schema.required).toEqual(['name', 'title', 'duration', 'hosts', 'guests'])
    const open: string[] = []
    const visit = (of: Schema, path: string): void => {
      if (of.properties && of.additionalProperties !== false) open.push(path)
      for (const [name, child] of Object.entries(of.properties ?? {})) visit(child, `${path}.${name}`)
      for (const child of [of.items, of.additionalProperties || undefined, ...(of.anyOf ?? [])])
        if (child) visit(child, path)
    }
    visit(schema, '')
    expect(open).toEqual([])
  })

  it('allows ranges of every quantity but the limits and the memory', () => {
    const quantities = keys.filter(({ schema }) => schema.description?.includes(' (from '))
    const fixed = quantities.filter(
      ({ schema }) => !schema.description!.endsWith(', or a range low .. high)'),
    )
    expect(fixed.filter(({ path }) => !path.startsWith('.checks.')).map(({ path }) => path)).toEqual([
      '.guests.memory',
    ])
    expect(fixed).toHaveLength(16)
    expect(quantities).toHaveLength(82)
    // Any text: what is in it is checked on reading.
    for (const { schema } of quantities)
      expect([schema.type, schema.pattern, schema.enum, schema.const]).toEqual([
        'string',
        undefined,
        undefined,
        undefined,
      ])
  })

  it('has 18 actions', () => {
    const actions = schema.properties!.events!.items!.anyOf!
    expect(actions).toHaveLength(18)
    for (const action of actions) expect(action.required).toContain('at')
  })

  it('has defaults that are read as what they stand for', () => {
    // Written out, each default gives the same scenario as left out.
    const text = (checks: string) =>
      `name: x\ntitle: t\nduration: 1 s\nhosts: { a: { hypervisor: xen } }\nguests: { g: { on: a, kernel: linux-xen } }\n${checks}`
    const checks = Object.entries(schema.properties!.checks!.properties!).map(([name, check]) => {
      const [key, value] = Object.entries(check.anyOf!.at(-1)!.properties!)[0]!
      return check.default === 'off' ? `  ${name}: off\n` : `  ${name}: { ${key}: ${value.default} }\n`
    })
    expect(checks).toHaveLength(19)
    expect(parseScenario(text(`checks:\n${checks.join('')}`), 'f')).toEqual(parseScenario(text(''), 'f'))
  })
})
