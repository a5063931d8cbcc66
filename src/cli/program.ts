/** The commands, and what becomes of an error. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { BenchError } from '../bench/error.js'
import { MathError } from '../math/index.js'
import { MigrationError } from '../migration/index.js'
import { PolicyError } from '../policy/index.js'
import { ElfError, SavedError, TreeError } from '../power/index.js'
import { QueueError } from '../queue/error.js'
import { ReplayError } from '../replay/index.js'
import { ScenarioError } from '../scenario/index.js'
import { SnapshotError } from '../snapshot/index.js'
import { StreamError } from '../stream/error.js'
import { SweepError } from '../sweep/axis.js'
import { addBench } from './bench.js'
import { addBoot } from './boot.js'
import { addCheck } from './check.js'
import { addCompare } from './compare.js'
import { addDemo } from './demo.js'
import { addInspect } from './inspect.js'
import { addLab } from './lab.js'
import { addList } from './list.js'
import { addMath } from './math/index.js'
import { addMigrate } from './migrate.js'
import { EXIT, InputError, note } from './output.js'
import { addPolicies } from './policies.js'
import { addReceive } from './receive.js'
import { addReplay } from './replay.js'
import { addReport } from './report.js'
import { addRestore } from './restore.js'
import { addRun } from './run.js'
import { addSave } from './save.js'
import { addSweep } from './sweep.js'
import { addWorker } from './worker.js'

function createProgram(end: (status: number) => void): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Command('chronovisor')
    .description(
      'Guest clocks across save, restore and live migration: Xen, KVM and PowerPC, measured against true time.',
    )
    .version(version)
    .exitOverride()
    // What commander finds wrong is told like everything else, by report().
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', '\nExample:\n  $ chronovisor demo')
  addDemo(program, end)
  addList(program)
  addRun(program, end)
  addCompare(program, end)
  addCheck(program, end)
  addWorker(program)
  addSweep(program)
  addReport(program, end)
  addSave(program)
  addRestore(program, end)
  addMigrate(program, end)
  addReceive(program, end)
  addInspect(program)
  addReplay(program, end)
  addPolicies(program)
  addLab(program)
  addMath(program, end)
  addBench(program, end)
  addBoot(program, end)
  return program
}

/** Runs a command line without the program's own name, and returns its exit status. */
export async function execute(args: readonly string[]): Promise<number> {
  let status: number = EXIT.held
  try {
    await createProgram((ended) => {
      status = ended
    }).parseAsync(args, { from: 'user' })
  } catch (error) {
    status = report(error)
  }
  return status
}

/** Says what went wrong and returns the exit status. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.held
    // Called without a command: the help is on stderr already.
    if (error.code !== 'commander.help')
      note(`chronovisor: ${error.message.replace(/^error: /, '').replaceAll('\n', ' ')}\n`)
    return EXIT.input
  }
  const told =
    error instanceof ScenarioError ||
    error instanceof PolicyError ||
    error instanceof MathError ||
    error instanceof SnapshotError ||
    error instanceof MigrationError ||
    error instanceof StreamError ||
    error instanceof ReplayError ||
    error instanceof BenchError ||
    error instanceof ElfError ||
    error instanceof SavedError ||
    error instanceof TreeError ||
    error instanceof QueueError ||
    error instanceof SweepError ||
    error instanceof InputError
  if (told) note(`chronovisor: ${error.message}\n`)
  else if (error instanceof Error && 'syscall' in error) note(`chronovisor: ${error.message}\n`)
  else note(`chronovisor: internal error: ${error instanceof Error ? error.stack : String(error)}\n`)
  return EXIT.input
}
