/** The policies by name, and the loader of a user's own. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { System } from '../scenario/types.js'
import { builtInPolicy, PolicyError } from './built-in.js'
import type { ClockPolicy } from './policy.js'

export * from './built-in.js'
export type { ClockPolicy } from './policy.js'

const isPath = (name: string): boolean =>
  name.includes('/') || name.includes('\\') || /\.[cm]?[jt]s$/.test(name)

/**
 * A built-in policy by name, or the default export of a module by path (relative to the working directory).
 * TypeScript modules are run by tsx when it is installed. Throws PolicyError.
 */
export async function resolvePolicy(nameOrPath: string): Promise<ClockPolicy> {
  if (!isPath(nameOrPath)) return builtInPolicy(nameOrPath)
  const path = resolve(nameOrPath)
  const found = await stat(path).catch(() => null)
  if (!found?.isFile()) throw new PolicyError(`${nameOrPath}: no such policy file`)
  return checkPolicy(nameOrPath, await importModule(nameOrPath, path))
}

async function importModule(name: string, path: string): Promise<unknown> {
  const url = pathToFileURL(path).href
  try {
    if (!/\.[cm]?ts$/.test(path)) return defaultOf(await import(url))
    const { tsImport } = await import('tsx/esm/api')
    return defaultOf(await tsImport(url, import.meta.url))
  } catch (error) {
    throw new PolicyError(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The default export, also of a module that was made into CommonJS (a .ts file in a package without a type). */
function defaultOf(module: { default?: unknown }): unknown {
  const value = module.default as { __esModule?: boolean; default?: unknown } | undefined
  return value?.__esModule ? value.default : value
}

const systems: readonly System[] = ['xen', 'kvm', 'power']

/** What a user's module exports, made sure of: a wrong one is refused before anything runs. */
function checkPolicy(file: string, value: unknown): ClockPolicy {
  const refuse = (what: string): never => {
    throw new PolicyError(`${file}: ${what}; expected a default export that satisfies ClockPolicy`)
  }
  if (typeof value !== 'object' || value === null) return refuse('no policy is exported as default')
  const policy = value as Partial<ClockPolicy>
  for (const key of ['name', 'title', 'source'] as const) {
    if (typeof policy[key] !== 'string') refuse(`'${key}' must be a string`)
  }
  if (!systems.includes(policy.system as System)) refuse(`'system' must be one of ${systems.join(', ')}`)
  for (const key of ['save', 'restore'] as const) {
    if (typeof policy[key] !== 'function') refuse(`'${key}' must be a function`)
  }
  for (const key of ['boot', 'stop', 'resume'] as const) {
    if (policy[key] !== undefined && typeof policy[key] !== 'function') refuse(`'${key}' must be a function`)
  }
  return policy as ClockPolicy
}
