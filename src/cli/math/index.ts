/** `chronovisor math`: the arithmetic of guest time, on numbers from the command line or from files. */
import type { Command } from 'commander'
import { addExport } from './export.js'
import { addRatio } from './ratio.js'
import { addRead } from './read.js'
import { addScale } from './scale.js'
import { addSurvey } from './survey.js'
import { addTimebase } from './timebase.js'
import { addVerify } from './verify.js'

export function addMath(program: Command, end: (status: number) => void): void {
  const math = program
    .command('math')
    .summary('compute, check and survey the arithmetic of guest time')
    .description(
      'What Xen, KVM, QEMU and Linux compute for guest time, step by step and exactly: every figure comes from the core that runs the scenarios.',
    )
    .addHelpText('after', '\nExample:\n  $ chronovisor math scale --hz 2.4GHz')
  addScale(math)
  addRead(math)
  addRatio(math)
  addTimebase(math)
  addVerify(math, end)
  addSurvey(math)
  addExport(math)
}
