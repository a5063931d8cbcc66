/**
 * JUnit XML as CI servers read it (the schema of Apache Ant's junit task, as widened by Jenkins and others): a suite
 * a scenario, a case a check. No times: a run says the same on every machine.
 */
import { element, escapeXml } from '../draw/shapes.js'
import type { Case, Suite } from './suite.js'

export function junitText(suites: readonly Suite[]): string {
  const all = suites.flatMap(({ cases }) => cases)
  const body = suites.map((suite) => suiteXml(suite)).join('\n')
  const root = element('testsuites', { name: 'chronovisor', ...countsOf(all) }, '\n', body, '\n')
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`
}

function countsOf(cases: readonly Case[]) {
  const count = (...wanted: readonly Case['status'][]) =>
    cases.filter(({ status }) => wanted.includes(status)).length
  return { tests: cases.length, failures: count('fail'), errors: 0, skipped: count('skip', 'known') }
}

function suiteXml({ name, properties, cases }: Suite): string {
  const listed = Object.entries(properties).map(([key, value]) => element('property', { name: key, value }))
  return element(
    'testsuite',
    { name, ...countsOf(cases) },
    '\n',
    element('properties', {}, '\n', listed.join('\n'), '\n'),
    '\n',
    cases.map((one) => caseXml(one, name)).join('\n'),
    '\n',
  )
}

function caseXml({ guest, name, status, message, details }: Case, suite: string): string {
  const text = Object.entries(details).map(([key, value]) => `${key}: ${value}`)
  const attributes = { classname: `${suite}.${guest}`, name }
  if (status === 'fail') {
    const words = escapeXml([message, ...text].join('\n'))
    return element('testcase', attributes, element('failure', { message, type: name }, words))
  }
  if (status === 'pass') return element('testcase', attributes)
  const why = status === 'known' ? `fails, as the scenario expects: ${message}` : message
  return element('testcase', attributes, element('skipped', { message: why }))
}
