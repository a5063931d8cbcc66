/** Who may import whom, as data. */

/**
 * Layers from the bottom up: a file imports files of its own layer and of earlier ones, never of later ones. An
 * entry is a file without `.ts`, or a folder with its `/`; the longest entry that fits decides.
 */
export type Layers = readonly (readonly [name: string, files: readonly string[]])[]

export const assemblyLayers: Layers = [
  ['ground', ['layout', 'wide', 'counter', 'hash', 'decimate', 'lab-rows']],
  ['machine parts', ['event-queue', 'observe', 'memory', 'dirty']],
  [
    'arithmetic',
    [
      'x86/scale',
      'x86/pvclock',
      'x86/batch',
      'x86/shared-info',
      'x86/tsc',
      'x86/domain-tsc',
      'x86/calibration',
      'x86/xen-timer',
      'ppc/timebase',
      'ppc/decrementer',
    ],
  ],
  ['host', ['host', 'x86/xen-epochs', 'rtc', 'vmclock']],
  ['vcpu', ['vcpu']],
  ['platform', ['x86/xen', 'x86/kvm', 'x86/hyperv', 'x86/hypercall', 'x86/cpu', 'ppc/cpu']],
  ['workload', ['workload', 'writer', 'boot-options']],
  ['kernels', ['model/']],
  ['program', ['model/program']],
  ['skip', ['skip', 'skip-2-6-18', 'skip-modern']],
  ['machine', ['machine']],
  ['control', ['control', 'addresses', 'pages']],
  [
    'laboratory',
    [
      'lab',
      'lab-x86',
      'lab-queue',
      'lab-math',
      'lab-csv',
      'lab-batch',
      'model/lab-2-6-18',
      'model/lab-recording',
    ],
  ],
  ['exports', ['index']],
  // A module of its own, build/power.wasm; of what is above it takes arithmetic only.
  ['engine', ['engine/']],
  ['power cpu', ['power-cpu/']],
]

export const srcLayers: Layers = [
  ['ground', ['file/']],
  ['scenario', ['scenario/', 'observation/']],
  ['core', ['core/']],
  ['power', ['power/']],
  ['math', ['math/']],
  ['stream', ['stream/']],
  ['policy', ['policy/']],
  ['world', ['world/']],
  ['snapshot', ['snapshot/']],
  ['migration', ['migration/']],
  ['inspect', ['inspect/']],
  ['replay', ['replay/']],
  ['check', ['check/']],
  ['draw', ['draw/']],
  ['trace', ['trace/']],
  ['report', ['report/']],
  ['search', ['search/']],
  ['queue', ['queue/']],
  ['sweep', ['sweep/']],
  ['library', ['index']],
  ['bench', ['bench/']],
  ['lab', ['lab/']],
  ['cli', ['cli/']],
]

/** The layer of `path`, a file below `folder`; -1 if it has none. */
export function layerOf(layers: Layers, folder: string, path: string): number {
  const file = path.slice(folder.length + 1).replace(/\.ts$/, '')
  let best = -1
  let length = 0
  layers.forEach(([, files], index) => {
    for (const entry of files) {
      const fits = entry.endsWith('/') ? file.startsWith(entry) : file === entry
      if (fits && entry.length > length) {
        best = index
        length = entry.length
      }
    }
  })
  return best
}

/**
 * What a kernel model may know besides its own folder: its memory, registers, hypercalls and what its processes
 * want. Modules of assembly/ and the names that may be taken from them. Not among them: the machine's and the
 * host's structures, true time, the event queue, the shell's controls.
 */
export const kernelDoors: Readonly<Record<string, RegExp>> = {
  'assembly/layout.ts': /^(CAUSE_|CLOCK_|RUNSTATE_|SLEEPER_)\w+$|^(NEVER|NS_PER_SEC|sleeper)$/,
  'assembly/wide.ts': /^/,
  'assembly/memory.ts': /^(GPA_\w+|KERNEL_SIZE|at|inside)$/,
  'assembly/observe.ts': /^(SEEN_\w+|observe)$/,
  'assembly/boot-options.ts': /^boot_/,
  'assembly/workload.ts': /^(runqueue_busy|process_wake|sleeper_count)$/,
  'assembly/x86/scale.ts': /^/,
  'assembly/x86/pvclock.ts': /^(?!pvclock_(publish|write))/,
  'assembly/x86/shared-info.ts': /^(?!.*write)/,
  'assembly/x86/cpu.ts': /^/,
  'assembly/x86/hypercall.ts': /^/,
  'assembly/ppc/timebase.ts': /^linux_/,
  'assembly/ppc/cpu.ts': /^(SPR_\w+|mfspr|mtspr|h_cede|h_register_vpa|rtas_\w+|device_tree_\w+)$/,
}
