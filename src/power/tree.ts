/**
 * The device tree of a pseries guest (LoPAPR 1.1, appendix B, and Linux Documentation/devicetree/booting-without-of):
 * what QEMU's machine shows of the same devices, and, for a kernel that is entered without firmware, what its firmware
 * would have added: the answers to ibm,client-architecture-support, and where RTAS is.
 */
import { node, type Tree, type TreeNode, wide } from './fdt.js'

export interface TreeOptions {
  readonly ramBytes: number
  readonly cpus: number
  readonly cpuHz: bigint
  readonly tbHz: bigint
  readonly pvr: number
  readonly decBits: number
  readonly append?: string
  readonly initrd?: { readonly from: number; readonly end: number }
  /** For a kernel without firmware: where RTAS is. */
  readonly rtas?: { readonly base: number; readonly bytes: number }
  /** 32 bytes with which a kernel seeds its random numbers. */
  readonly seed: Uint8Array
}

/** As QEMU numbers them; assembly/power-cpu/pseries/rtas.ts answers them. */
const TOKENS: Readonly<Record<string, number>> = {
  'display-character': 0x2000,
  'get-time-of-day': 0x2001,
  'set-time-of-day': 0x2002,
  'power-off': 0x2003,
  'system-reboot': 0x2004,
  'query-cpu-stopped-state': 0x2005,
  'start-cpu': 0x2006,
  'stop-self': 0x2007,
  'ibm,get-system-parameter': 0x2008,
  'ibm,set-system-parameter': 0x2009,
  'ibm,set-xive': 0x200a,
  'ibm,get-xive': 0x200b,
  'ibm,int-off': 0x200c,
  'ibm,int-on': 0x200d,
  'check-exception': 0x200e,
  'event-scan': 0x200f,
  quiesce: 0x2011,
  'nvram-fetch': 0x2012,
  'nvram-store': 0x2013,
  'set-indicator': 0x201a,
  'set-power-level': 0x201b,
  'get-power-level': 0x201c,
  'get-sensor-state': 0x201d,
  'ibm,os-term': 0x201f,
}

const HYPERCALLS = [
  ...['hcall-term', 'hcall-dabr', 'hcall-interrupt', 'hcall-vio', 'hcall-splpar', 'hcall-set-mode'],
  ...['hcall-sprg0', 'hcall-copy', 'hcall-vphn'],
]

/** A kernel takes this for the CPU that it is: ISA 3.0, whatever its PVR. */
const ARCHITECTED_ISA_3_0 = 0x0f00_0005
/** Sizes of pages in radix trees: AP encoding in the upper three bits, binary logarithm. */
const RADIX_PAGES = [0x0000_000c, 0xa000_0010, 0x2000_0015, 0x4000_001e]
/** What a POWER9 without transactional memory has, by LoPAPR's table of attributes: length, version 0, bytes. */
const PA_FEATURES = [
  ...[
    0x4200f63f, 0xc7c080f0, 0x80000000, 0, 0x00008000, 0x80008000, 0x00008000, 0x80008000, 0x80008000,
    0xc0008000,
  ],
  ...[0x80008000, 0x80008000, 0x80008000, 0x80008000, 0x80008000, 0x80008000, 0x80000000],
]
const XICS = 0x1111
const VTY = 0x7100_0000
const NVRAM_BYTES = 0x10000
const SOURCE_VTY = 0x1100

const hex = (value: number): string => value.toString(16)

function cpuNode(index: number, { cpuHz, tbHz, pvr, decBits, rtas }: TreeOptions): TreeNode {
  const line = [128]
  const size = [32768]
  return node({
    device_type: 'cpu',
    reg: [index],
    status: 'okay',
    'cpu-version': [rtas ? ARCHITECTED_ISA_3_0 : pvr],
    'd-cache-block-size': line,
    'd-cache-line-size': line,
    'i-cache-block-size': line,
    'i-cache-line-size': line,
    'd-cache-size': size,
    'i-cache-size': size,
    'timebase-frequency': [Number(tbHz)],
    'clock-frequency': [Number(cpuHz & 0xffff_ffffn)],
    '64-bit': true,
    'ibm,dec-bits': [decBits],
    'ibm,purr': [1],
    'ibm,spurr': [1],
    'ibm,vmx': [2],
    'ibm,dfp': [1],
    'ibm,pa-features': PA_FEATURES,
    'ibm,processor-radix-AP-encodings': RADIX_PAGES,
    'ibm,chip-id': [0],
    'ibm,ppc-interrupt-server#s': [index],
    'ibm,ppc-interrupt-gserver#s': [index, 0],
  })
}

function cpusNode(options: TreeOptions): TreeNode {
  const cpus = Array.from(
    { length: options.cpus },
    (_, i) => [`PowerPC,POWER9@${hex(i)}`, cpuNode(i, options)] as const,
  )
  return node({ '#address-cells': [1], '#size-cells': [0] }, Object.fromEntries(cpus))
}

/** Option vector 5 as both sides agreed on it: its length, then bytes by their number: radix trees, tlbie by the guest. */
function vector5(): Uint8Array {
  const bytes = new Uint8Array(27)
  bytes[0] = 26
  bytes[2] = 0xc0 // logical partitioning, shared processors
  bytes[5] = 0x80 // associativity in form 1
  bytes[24] = 0x40
  bytes[26] = 0x40
  return bytes
}

function chosenNode({ append, initrd, rtas, seed }: TreeOptions): TreeNode {
  return node({
    bootargs: append ?? '',
    'stdout-path': `/vdevice/vty@${hex(VTY)}`,
    'linux,stdout-path': `/vdevice/vty@${hex(VTY)}`,
    'linux,initrd-start': initrd && wide(initrd.from),
    'linux,initrd-end': initrd && wide(initrd.end),
    'linux,pci-probe-only': [0],
    'rng-seed': seed,
    'ibm,architecture-vec-5': rtas && vector5(),
  })
}

function rtasNode({ cpus, rtas, ramBytes }: TreeOptions): TreeNode {
  return node({
    ...Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, [token]])),
    'ibm,hypertas-functions': HYPERCALLS,
    'rtas-size': [rtas?.bytes ?? 0x1000],
    'rtas-error-log-max': [2048],
    'rtas-event-scan-rate': [1],
    'ibm,lrdr-capacity': [...wide(ramBytes), 0, 0x1000_0000, cpus],
    'ibm,max-associativity-domains': [4, 0, 0, 0, 1],
    'ibm,associativity-reference-points': [4, 4, 2],
    'linux,rtas-base': rtas && [rtas.base],
    'linux,rtas-entry': rtas && [rtas.base],
  })
}

function deviceNodes(): TreeNode {
  return node(
    {
      device_type: 'vdevice',
      compatible: 'IBM,vdevice',
      '#address-cells': [1],
      '#size-cells': [0],
      '#interrupt-cells': [2],
      'interrupt-controller': true,
    },
    {
      [`vty@${hex(VTY)}`]: node({
        device_type: 'serial',
        compatible: 'hvterm1',
        reg: [VTY],
        interrupts: [SOURCE_VTY, 0],
      }),
      [`nvram@${hex(VTY + 1)}`]: node({
        device_type: 'nvram',
        compatible: 'qemu,spapr-nvram',
        reg: [VTY + 1],
        '#bytes': [NVRAM_BYTES],
        interrupts: [SOURCE_VTY + 1, 0],
      }),
    },
  )
}

/** The tree of a machine. */
export function pseriesTree(options: TreeOptions): Tree {
  const { ramBytes, cpus, rtas } = options
  const root = node(
    {
      device_type: 'chrp',
      model: 'IBM pSeries (emulated by chronovisor)',
      compatible: 'qemu,pseries',
      'vm,uuid': '00000000-0000-0000-0000-000000000000',
      '#address-cells': [2],
      '#size-cells': [2],
    },
    {
      chosen: chosenNode(options),
      cpus: cpusNode(options),
      'memory@0': node({
        device_type: 'memory',
        reg: [0, 0, ...wide(ramBytes)],
        'ibm,associativity': [4, 0, 0, 0, 0],
      }),
      rtas: rtasNode(options),
      vdevice: deviceNodes(),
      'interrupt-controller': node({
        device_type: 'PowerPC-External-Interrupt-Presentation',
        compatible: 'IBM,ppc-xicp',
        'interrupt-controller': true,
        '#interrupt-cells': [2],
        'ibm,interrupt-server-ranges': [0, cpus],
        phandle: [XICS],
        'linux,phandle': [XICS],
      }),
    },
  )
  return { root, reserved: rtas ? [{ address: BigInt(rtas.base), bytes: BigInt(rtas.bytes) }] : [] }
}
