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

const random = (kind: string, bits: 32 | 64): string =>
  `npm run --silent conformance:random --${kind} --bits ${bits} --cases 20000`

const compared = (id: string, kind: string, bits: 32 | 64, text: string): Claim => ({
  id: `${id}-${bits}`,
  text,
  command: random(kind, bits),
  show: nothingDiffers,
})

/** Where QEMU 7.2 is known to be wrong in a way that cases cannot be chosen without: of a quiet and a signalling NaN. */
const NANS = /x[sv](max|min)j?dp/

/** A case that differs, and what differs in it below, further in. */
function onlyNansDiffer(output: Output): string {
  const { cases, different } = JSON.parse(output.stdout.trim().split('\n').at(-1)!) as Compared
  const wrong = output.stdout.split('\n').filter((line) => /^ {2}\S/.test(line))
  const others = wrong.filter((line) => !NANS.test(line))
  const shown = `${different} of ${cases.toLocaleString('en-US')} differ, ${others.length} of them in anything but the maximum and minimum of two NaNs`
  demand(cases >= 1_000_000 && different === wrong.length && others.length === 0, shown)
  return shown
}

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
    {
      id: 'power-float-million',
      text: 'A million cases of floating point and vectors, of another seed; what QEMU has wrong is in docs/power-cpu.md',
      command: 'npm run --silent conformance:random -- --kind float --bits 64 --cases 1000000 --seed 4242',
      show: onlyNansDiffer,
    },
  ],
}
