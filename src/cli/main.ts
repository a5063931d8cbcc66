#!/usr/bin/env node
/**
 * The command line. Scripts rely on it:
 *
 *   exit status   0 all checks hold · 1 a check failed · 2 the input or the environment is at fault
 *   --json        exactly one JSON document on stdout; everything else goes to stderr
 *   an error      one line on stderr, nothing on stdout
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { PolicyError } from '../policy/index.js'
import { ScenarioError } from '../scenario/index.js'
import { addCompare } from './compare.js'
import { addDemo } from './demo.js'
import { addList } from './list.js'
import { EXIT, endQuietlyOnClosedPipe, InputError, note } from './output.js'
import { addPolicies } from './policies.js'
import { addRun } from './run.js'

function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  const program = new Command('chronovisor')
    .description(
      'Guest clocks across save, restore and live migration: Xen, KVM and PowerPC, measured against true time.',
    )
    .version(version)
    .exitOverride()
    // What commander finds wrong is told like everything else, in main.
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', '\nExample:\n  $ chronovisor demo')
  addDemo(program)
  addList(program)
  addRun(program)
  addCompare(program)
  addPolicies(program)
  return program
}

async function main(): Promise<void> {
  endQuietlyOnClosedPipe()
  try {
    await createProgram().parseAsync()
  } catch (error) {
    process.exitCode = report(error)
  }
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
  const told = error instanceof ScenarioError || error instanceof PolicyError || error instanceof InputError
  if (told) note(`chronovisor: ${error.message}\n`)
  else if (error instanceof Error && 'syscall' in error) note(`chronovisor: ${error.message}\n`)
  else note(`chronovisor: internal error: ${error instanceof Error ? error.stack : String(error)}\n`)
  return EXIT.input
}

await main()
