/** Floating point and vectors of the Power CPU beside QEMU's, on instructions drawn by chance. */
import type { Claim, Section } from './claims.js'
import { demand, type Output, parse } from './read.js'

interface Compared {
  readonly cases: number
  readonly different: number
}

function nothingDiffers(output: Output): string {
  const { cases, different } = parse<Compared>(output)
  const shown = `${different} of ${cases.toLocaleString('en-US')} differ`
  demand(different === 0, shown)
  return shown
}

const compared = (bits: 32 | 64, cases: number, text: string): Claim => ({
  id: `power-float-${bits}`,
  text,
  command: `npm run --silent conformance:random -- --kind float --bits ${bits} --cases ${cases}`,
  show: nothingDiffers,
})

export const float: Section = {
  title: 'Floating point and vectors of the Power CPU, beside QEMU',
  claims: [
    compared(
      64,
      1_000_000,
      'POWER9: registers, FPSCR, VSCR, CR and memory after random instructions are QEMU’s',
    ),
    compared(32, 200_000, 'A 604: the same of its floating point'),
  ],
}
