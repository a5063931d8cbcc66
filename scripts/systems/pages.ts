/** The pages of docs/systems: what they are about, and which guests and policies their tables have. */
import { policies } from '../../src/policy/built-in.js'
import type { System } from '../../src/scenario/types.js'

export interface Page {
  /** Name of the file. */
  readonly id: string
  readonly hypervisor: 'xen' | 'kvm' | 'power-kvm' | 'power-tcg'
  /** Its guests have Hyper-V's reference time, too. */
  readonly reference?: true
  readonly rows: readonly Row[]
}

export interface Row {
  readonly policy: string
  readonly kernel: string
  /** What the guest is beyond its kernel, for the table; '' where there is nothing to say. */
  readonly note: string
  /** More of the guest in the scenario. */
  readonly guest: string
  /** It begins as a PVH guest. */
  readonly pvh: boolean
}

const row = (policy: string, kernel: string, note = '', guest = '', pvh = false): Row => {
  return { policy, kernel, note, guest, pvh }
}

/** The built-in policies of a system whose names fit, in their order. */
const of = (system: System, kernel: string, test: (name: string) => boolean): Row[] =>
  policies.filter((one) => one.system === system && test(one.name)).map(({ name }) => row(name, kernel))

/** What has a page of its own. */
const VMM = /^kvm-(firecracker|cloud-hypervisor|propolis|reference)/
const VIRIDIAN = /^xen-viridian/

export const pages: readonly Page[] = [
  {
    id: 'xen-pv',
    hypervisor: 'xen',
    rows: [
      row('xen-today', 'linux-xen', 'emulated TSC', 'tsc: { mode: emulate }'),
      row('xen-today', 'linux-xen', 'native TSC', 'tsc: { mode: native }'),
      ...of('xen', 'linux-2.6.18-xen', (name) => name !== 'xen-today' && !VIRIDIAN.test(name)),
    ],
  },
  {
    id: 'xen-pvh',
    hypervisor: 'xen',
    rows: [row('xen-today', 'linux-xen', 'emulated TSC', '', true)],
  },
  {
    id: 'kvm',
    hypervisor: 'kvm',
    rows: of('kvm', 'linux-kvm', (name) => !VMM.test(name)),
  },
  {
    id: 'firecracker',
    hypervisor: 'kvm',
    rows: of('kvm', 'linux-kvm', (name) => name.startsWith('kvm-firecracker')),
  },
  {
    id: 'cloud-hypervisor',
    hypervisor: 'kvm',
    rows: of('kvm', 'linux-kvm', (name) => name.startsWith('kvm-cloud-hypervisor')),
  },
  { id: 'bhyve', hypervisor: 'kvm', rows: of('kvm', 'linux-kvm', (name) => name === 'kvm-propolis') },
  {
    id: 'hyper-v-kvm',
    hypervisor: 'kvm',
    reference: true,
    rows: of('kvm', 'linux-kvm', (name) => name.startsWith('kvm-reference')),
  },
  {
    id: 'hyper-v-xen',
    hypervisor: 'xen',
    reference: true,
    rows: of('xen', 'linux-xen', (name) => VIRIDIAN.test(name)),
  },
  {
    id: 'power-kvm',
    hypervisor: 'power-kvm',
    rows: of('power', 'linux-ppc64', (name) => name !== 'power-tcg'),
  },
  {
    id: 'power-tcg',
    hypervisor: 'power-tcg',
    rows: of('power', 'linux-ppc64', (name) => name === 'power-tcg'),
  },
]
