#!/usr/bin/env node
/**
 * The command line. Scripts rely on it:
 *
 *   exit status   0 all checks hold · 1 a check failed · 2 the input or the environment is at fault
 *   --json        exactly one JSON document on stdout; everything else goes to stderr
 *   an error      one line on stderr, nothing on stdout
 */
import { endQuietlyOnClosedPipe } from './output.js'
import { execute } from './program.js'

endQuietlyOnClosedPipe()
process.exitCode = await execute(process.argv.slice(2))
