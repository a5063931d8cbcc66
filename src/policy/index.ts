/** The policies by name, and the loader of a user's own. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Hypervisor, Kernel, System } from '../scenario/types.js'
import { kvmQemu } from './kvm-qemu.js'
import { kvmRealtime } from './kvm-realtime.js'
import { kvmTscOffset } from './kvm-tsc-offset.js'
import type { ClockPolicy } from './policy.js'
import { powerDecLost } from './power-dec-lost.js'
import { powerFrequencyScaled, powerFrequencyTold } from './power-frequency.js'
import { powerQemu } from './power-qemu.js'
import { powerRunning } from './power-running.js'
import { powerStopped } from './power-stopped.js'
import { powerStoppedTimebase } from './power-stopped-timebase.js'
import { powerTcg } from './power-tcg.js'
import { xen2008, xen2008FreshWallclock } from './xen-2008.js'
import { xenFix1, xenFix1FreshWallclock } from './xen-fix-1.js'
import { xenFix2, xenFix2FreshWallclock } from './xen-fix-2.js'
import { xenFix3, xenFix3FreshWallclock } from './xen-fix-3.js'
import { xenToday } from './xen-today.js'

export type { ClockPolicy } from './policy.js'

/** Every built-in policy, in the order in which people meet them. */
export const policies: readonly ClockPolicy[] = [
  xen2008,
  xenFix1,
  xenFix2,
  xenFix3,
  xen2008FreshWallclock,
  xenFix1FreshWallclock,
  xenFix2FreshWallclock,
  xenFix3FreshWallclock,
  xenToday,
  kvmQemu,
  kvmRealtime,
  kvmTscOffset,
  powerStopped,
  powerRunning,
  powerQemu,
  powerStoppedTimebase,
  powerFrequencyScaled,
  powerFrequencyTold,
  powerTcg,
  powerDecLost,
]

/** A policy that cannot be had: the message says why and what there is. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
}

export function policyNames(): string[] {
  return policies.map((policy) => policy.name)
}

/** The built-in policy of that name. Throws PolicyError. */
export function builtInPolicy(name: string): ClockPolicy {
  const policy = policies.find((one) => one.name === name)
  if (!policy) throw new PolicyError(`there is no policy '${name}'; there are ${policyNames().join(', ')}`)
  return policy
}

/** The policy of a guest that names none. */
export function defaultPolicy(hypervisor: Hypervisor, kernel: Kernel): ClockPolicy {
  switch (hypervisor) {
    case 'xen':
      return kernel === 'linux-2.6.18-xen' ? xen2008 : xenToday
    case 'kvm':
      return kvmQemu
    case 'power-kvm':
      return powerQemu
    case 'power-tcg':
      return powerTcg
  }
}

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
