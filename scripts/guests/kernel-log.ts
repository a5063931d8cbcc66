/** A kernel's log beside that of the same kernel on QEMU: what one has and the other has not, and why. */

/** What differs from run to run, or with where something lies in memory. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/0x[0-9a-f]{8,}/g, '0x…'],
  [/\b\d+ms\b/g, '…ms'],
  [/\b\d+K reserved/g, '…K reserved'],
  [/audit\(\d+\.\d+:1\)/g, 'audit(…)'],
  [/\[mem 0x….*\]/g, '[mem …]'],
]

/** The lines of a kernel's log without their times; a line that two of its parts print at once is left as it is. */
export function kernelLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/^\[ *\d+\.\d+\] /, '').replace(/\[ *\d+\.\d+\]/, '[…]'))
    .map((line) => VARYING.reduce((left, [pattern, by]) => left.replace(pattern, by), line))
    .map((line) => line.replace(/\p{Cc}/gu, '').trimEnd())
    .filter(
      (line) => line !== '' && !line.startsWith('@') && line !== 'typed words' && !line.startsWith('echo '),
    )
}

export interface LogDifference {
  readonly ours: readonly string[]
  readonly theirs: readonly string[]
}

/** Lines that only one log has, sorted. */
export function compareLogs(ours: readonly string[], theirs: readonly string[]): LogDifference {
  const only = (some: readonly string[], others: readonly string[]) => {
    const left = new Map<string, number>()
    for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
    return some
      .filter((line) => {
        const count = left.get(line) ?? 0
        left.set(line, count - 1)
        return count <= 0
      })
      .sort()
  }
  return { ours: only(ours, theirs), theirs: only(theirs, ours) }
}

/**
 * What is different between this machine and QEMU's, as Linux 6.1 tells it: names and command line; no PCI host bridge,
 * so neither its ranges nor an IOMMU, and no error handling for it; interrupts by XICS, of which the kernel says nothing.
 */
export const EXPECTED: LogDifference = {
  ours: [
    'EEH functionality not supported',
    'Hardware name: IBM pSeries (emulated by chronovisor) POWER9 (architected) 0x4e1200 0xf000005 pSeries',
    'Kernel command line: console=hvc0 panic=-1 every=10 count=5 sleepers=7',
    'Unknown kernel command line parameters "every=10 count=5 sleepers=7", will be passed to user space.',
  ],
  theirs: [
    '  IO 0x…..0x… -> 0x…',
    ' MEM 0x…..0x… -> 0x…',
    ' MEM 0x…..0x… -> 0x…',
    'EEH: pSeries platform initialized',
    'Hardware name: IBM pSeries (emulated by qemu) POWER9 (architected) 0x4e1200 0xf000005 pSeries',
    'IOMMU table initialized, virtual merging enabled',
    'Kernel command line: console=hvc0 panic=-1',
    'PCI host bridge /pci@800000020000000  ranges:',
    'PCI host bridge to bus 0000:00',
    'pci_bus 0000:00: resource 4 [io  0x10000-0x1ffff]',
    'pci_bus 0000:00: resource 5 [mem …]',
    'pci_bus 0000:00: resource 6 [mem …]',
    'pci_bus 0000:00: root bus resource [bus 00-ff]',
    'pci_bus 0000:00: root bus resource [io  0x10000-0x1ffff] (bus address [0x0000-0xffff])',
    'pci_bus 0000:00: root bus resource [mem …]',
    'pci_bus 0000:00: root bus resource [mem …])',
    'xive: Interrupt handling initialized with spapr backend',
    'xive: Using 64kB queues',
    'xive: Using IRQ range [0-0]',
    'xive: Using priority 6 for all interrupts',
  ],
}

/** A line that says with which words the kernel was booted. */
export const saysWords = (line: string): boolean => /ernel command line/.test(line)

/** The same of several CPUs, of lines that say no words: a CPU more is an interrupt number more for QEMU's XIVE. */
export function expectedOf(cpus: number): LogDifference {
  const { ours, theirs } = EXPECTED
  const some = (lines: readonly string[]) =>
    lines
      .filter((line) => !saysWords(line))
      .map((line) => line.replace('IRQ range [0-0]', `IRQ range [0-${cpus - 1}]`))
  return { ours: some(ours), theirs: some(theirs) }
}
