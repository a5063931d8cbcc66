/** Whom a search is about: a policy, the kernels of its guests, the hypervisor of its hosts. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type ClockPolicy, PolicyError, policyNames, resolvePolicy } from '../policy/index.js'
import { EVERYTHING, type Promises } from '../policy/promises.js'
import { KERNELS } from '../scenario/kernels.js'
import type { Hypervisor, Kernel } from '../scenario/types.js'

export interface Subject {
  readonly policy: ClockPolicy
  readonly promises: Promises
  readonly hypervisor: Hypervisor
  readonly kernel: Kernel
}

/** A subject by names, as it is sent to threads and queues. */
export interface SubjectName {
  /** A built-in policy's name, or the path of a module. */
  readonly policy: string
  /** SHA-256 of the module, so that all who work on it work on the same; null: built in. */
  readonly policyHash: string | null
  readonly guest: string | null
}

const HYPERVISORS = { xen: 'xen', kvm: 'kvm', power: 'power-kvm' } as const

export const guestModels = Object.keys(KERNELS) as readonly Kernel[]

/** `guest`: the kernel; default the one that the policy was made for. Throws PolicyError where they do not fit. */
export function subjectOf(policy: ClockPolicy, guest?: string): Subject {
  const promises = policy.promises ?? EVERYTHING
  const hypervisor = promises.hypervisor ?? HYPERVISORS[policy.system]
  const fitting = guestModels.filter((kernel) => KERNELS[kernel].hypervisors.includes(hypervisor))
  // A cure that is in the guest is in a 2.6.18 guest; and hypervisors of 2008 had those.
  const old = (policy.variant ?? 'stock') !== 'stock' || policy.hypervisor?.singleshotEra === 'before-2023'
  const kernel = guest ?? (hypervisor === 'xen' && !old ? 'linux-xen' : fitting[0]!)
  if (!fitting.includes(kernel as Kernel)) {
    throw new PolicyError(
      `the policy ${policy.name} has guests of ${hypervisor}, and ${JSON.stringify(kernel)} is none; expected ${fitting.join(' or ')}`,
    )
  }
  return { policy, promises, hypervisor, kernel: kernel as Kernel }
}

/** Throws PolicyError: there is no such policy, it does not fit the guest, or its module is another one. */
export async function namedSubject({ policy, policyHash, guest }: SubjectName): Promise<Subject> {
  const own = await hashOf(policy)
  if (own !== policyHash) {
    throw new PolicyError(
      `${policy}: this module is not the one that the search is about; expected SHA-256 ${policyHash}, it is ${own}`,
    )
  }
  return subjectOf(await resolvePolicy(policy), guest ?? undefined)
}

/** The name of a subject whose policy is `policy`, a name or a path. Throws PolicyError. */
export async function subjectName(policy: string, guest: string | null): Promise<SubjectName> {
  const name = { policy, policyHash: await hashOf(policy), guest }
  await namedSubject(name)
  return name
}

async function hashOf(policy: string): Promise<string | null> {
  if (policyNames().includes(policy)) return null
  const text = await readFile(policy).catch(() => null)
  return text && createHash('sha256').update(text).digest('hex')
}
