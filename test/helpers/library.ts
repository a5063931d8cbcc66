import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadScenarioFile, type Scenario } from '../../src/scenario/index.js'
import type { ScenarioSource } from '../../src/snapshot/index.js'

const folder = new URL('../../src/scenario/library/', import.meta.url)

export const libraryNames = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))
  .sort()

export async function libraryScenario(name: string): Promise<Scenario> {
  return loadScenarioFile(fileURLToPath(new URL(`${name}.yaml`, folder)))
}

export function librarySource(name: string): ScenarioSource {
  return { text: readFileSync(new URL(`${name}.yaml`, folder), 'utf8'), fileName: name }
}
