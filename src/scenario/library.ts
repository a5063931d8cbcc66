/** The scenarios that come with the program: library/NAME.yaml beside this file, in src/ and in dist/. */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ScenarioError } from './error.js'
import { loadScenarioFile } from './load.js'
import type { ParseOptions } from './parse.js'
import { didYouMean } from './suggest.js'
import type { Scenario } from './types.js'

const folder = new URL('./library/', import.meta.url)
const ENDING = '.yaml'

/** Sorted by name. */
export function libraryNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => basename(file, ENDING))
    .sort()
}

/** Every scenario of the library, sorted by name. */
export function listLibrary(options: ParseOptions = {}): Scenario[] {
  return libraryNames().map((name) => loadScenarioFile(pathOf(name), options))
}

/**
 * A scenario by its name in the library, or from a file: whatever has a slash or ends in .yaml or .yml is a path.
 * Its ranges are drawn from the seed. Throws ScenarioError.
 */
export function resolveScenario(nameOrPath: string, options: ParseOptions = {}): Scenario {
  return loadScenarioFile(scenarioPath(nameOrPath), options)
}

/** Where that scenario is. Throws ScenarioError if it is a name that the library has not. */
export function scenarioPath(nameOrPath: string): string {
  if (/[\\/]|\.ya?ml$/i.test(nameOrPath)) return nameOrPath
  const names = libraryNames()
  if (names.includes(nameOrPath)) return pathOf(nameOrPath)
  const near = didYouMean(nameOrPath, names)
  const expected = 'expected a name that `chronovisor list` shows, or a path such as ./mine.yaml'
  throw new ScenarioError(nameOrPath, null, `there is no such scenario${near}; ${expected}`)
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name + ENDING, folder))
}
