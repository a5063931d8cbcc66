/** What goes with what: facts about kernels and hypervisors that a scenario is checked against. */
import type {
  Arch,
  Clocksource,
  Hypervisor,
  Kernel,
  ReadClock,
  SleepClock,
  System,
  Variant,
} from './types.js'

export const SYSTEM_OF: Readonly<Record<Hypervisor, System>> = {
  xen: 'xen',
  kvm: 'kvm',
  'power-kvm': 'power',
  'power-tcg': 'power',
}

interface KernelFacts {
  readonly hypervisors: readonly Hypervisor[]
  /** The first one is the default, here and below. */
  readonly archs: readonly Arch[]
  readonly clocksources: readonly Clocksource[]
  readonly variants: readonly Variant[]
  readonly hz: readonly number[]
  /** Clocks of later kernels, for readers and sleepers. */
  readonly lacks: readonly (ReadClock | SleepClock)[]
}

/** Variants in which a clocksource is another: without it they would be the stock kernel. */
export const CLOCKSOURCE_OF_VARIANT: Partial<Record<Variant, Clocksource>> = {
  'old-cyc2ns': 'tsc',
  'shift-22': 'xen',
  'unstolen-sched': 'xen',
  'no-guard': 'kvm-clock',
}

const MODERN_HZ = [250, 100, 300, 1000]

export const KERNELS: Readonly<Record<Kernel, KernelFacts>> = {
  'linux-2.6.18-xen': {
    hypervisors: ['xen'],
    archs: ['x86-64', 'x86-32'],
    clocksources: ['xen'],
    variants: ['stock', 'no-rebase', 'fix-2', 'fix-3'],
    // HZ=300 came with Linux 2.6.20.
    hz: [100, 250, 1000],
    // CLOCK_MONOTONIC_RAW came with 2.6.28, CLOCK_BOOTTIME with 2.6.39.
    lacks: ['monotonic-raw', 'boottime'],
  },
  'linux-xen': {
    hypervisors: ['xen'],
    archs: ['x86-64', 'x86-32'],
    clocksources: ['xen', 'tsc'],
    variants: ['stock', 'shift-22', 'unstolen-sched', 'steal-4-8', 'steal-4-11'],
    hz: MODERN_HZ,
    lacks: [],
  },
  'linux-kvm': {
    hypervisors: ['kvm'],
    archs: ['x86-64', 'x86-32'],
    clocksources: ['kvm-clock', 'tsc'],
    variants: ['stock', 'old-cyc2ns', 'no-guard'],
    hz: MODERN_HZ,
    lacks: [],
  },
  'linux-ppc64': {
    hypervisors: ['power-kvm', 'power-tcg'],
    archs: ['ppc64'],
    clocksources: ['timebase'],
    variants: ['stock'],
    hz: MODERN_HZ,
    lacks: ['reference', 'reference-page'],
  },
}
