/** Address translation of the Power CPU, beside QEMU's. */
import type { Section } from './claims.js'
import { demand, type Output, parse } from './read.js'

function noneDiffers(output: Output): string {
  const { cases, different } = parse<{ readonly cases: number; readonly different: number }>(output)
  demand(cases >= 20_000 && different === 0, `${different} of ${cases} differ`)
  return `${cases.toLocaleString('en-US')} accesses`
}

export const translation: readonly Section[] = [
  {
    title: 'Address translation of the Power CPU',
    claims: [
      {
        id: 'mmu-random',
        text: 'Drawn page tables and accesses through them: interrupts, registers, memory and the tables’ marks are QEMU’s',
        command: 'npm run --silent conformance:mmu -- --cases 20000',
        show: noneDiffers,
      },
    ],
  },
]
