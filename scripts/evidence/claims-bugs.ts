/** The public reports: what shows each, what its numbers predict, what cures it. The tests hold all three. */
import { reportRows } from '../../src/report/reports.js'
import { listLibrary } from '../../src/scenario/library.js'
import type { Claim, Section } from './claims.js'
import { type Output, tests } from './read.js'

const TESTS = 'npx vitest run test/world/library.test.ts --reporter=json'
const plain = (text: string): string => text.replaceAll('<br>', '; ').replaceAll('`', '')

export const bugs: Section = {
  title: 'Public reports of clock bugs: symptom and cure',
  claims: reportRows(listLibrary()).map(({ report, names, predicted, cure }): Claim => {
    const held = tests(/test\/world\/library\.test/, new RegExp(`^(${names.join('|')}) `), 3 * names.length)
    return {
      id: `report-${report.id}`,
      text: `${report.number} ${report.id}: ${report.symptom}. Shown by ${names.join(', ')}`,
      command: TESTS,
      show: (output: Output) => `${plain(predicted)}. Without it: ${plain(cure)}. ${held(output)}`,
    }
  }),
}
