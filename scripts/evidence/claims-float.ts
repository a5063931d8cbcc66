/** Floating point and vectors of the Power CPU beside QEMU's, on instructions drawn by chance. */
import type { Claim, Section } from './claims.js'
import { demand, Missed, type Output, parse } from './read.js'

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

const random = (kind: string, bits: 32 | 64): string =>
  `npm run --silent conformance:random --${kind} --bits ${bits} --cases 20000`

const compared = (id: string, kind: string, bits: 32 | 64, text: string): Claim => ({
  id: `${id}-${bits}`,
  text,
  command: random(kind, bits),
  show: nothingDiffers,
})

/** The longer runs: what they came to when they were run by hand. */
const million = (id: string, kind: string, text: string, because: string): Claim => ({
  id: `${id}-million`,
  text,
  command: random(kind, 64),
  show: (output) => {
    throw new Missed(nothingDiffers(output))
  },
  because,
})

const FLOAT = ' --kind float'

export const float: Section = {
  title: 'Instructions of the Power CPU drawn by chance, beside QEMU',
  claims: [
    compared('power-random', '', 64, 'POWER9, integer classes: registers, interrupts and memory are QEMU’s'),
    compared('power-random', '', 32, 'A 604: the same'),
    {
      id: 'power-random-million',
      text: 'A million cases of the integer classes, of another seed',
      command: 'npm run --silent conformance:random -- --bits 64 --cases 1000000 --seed 77',
      show: nothingDiffers,
    },
    compared(
      'power-float',
      FLOAT,
      64,
      'POWER9, floating point and vectors: registers, FPSCR, VSCR, CR and memory are QEMU’s',
    ),
    compared('power-float', FLOAT, 32, 'A 604: the same of its floating point'),
    million(
      'power-float',
      FLOAT,
      'At least a million cases of floating point and vectors',
      '327,680 were run in pieces, with two differences, both QEMU’s: xscvsxdsp rounds twice there, and infinity times zero ' +
        'plus a signalling NaN lacks VXSNAN (docs/power-cpu.md)',
    ),
  ],
}
