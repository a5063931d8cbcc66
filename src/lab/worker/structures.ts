/**
 * The structures in guest memory through which a hypervisor tells the time, field by field. Offsets and meanings:
 * Xen public/xen.h and public/arch-x86/xen.h, Linux arch/x86/include/asm/pvclock-abi.h.
 */
import type { Machine } from '../../core/machine.js'
import type { Field, Structure } from '../protocol.js'

interface FieldSpec {
  readonly name: string
  readonly offset: number
  readonly size: 1 | 4 | 8
  readonly signed?: boolean
  readonly explain: string
}

const VCPU_TIME_INFO: readonly FieldSpec[] = [
  {
    name: 'version',
    offset: 0,
    size: 4,
    explain: 'odd while the hypervisor writes; a reader that sees it odd, or changed, reads again',
  },
  { name: 'pad0', offset: 4, size: 4, explain: 'padding' },
  {
    name: 'tsc_timestamp',
    offset: 8,
    size: 8,
    explain: "the guest's TSC at the instant for which system_time is true",
  },
  {
    name: 'system_time',
    offset: 16,
    size: 8,
    explain: 'ns since the hypervisor’s zero (Xen: host boot) at tsc_timestamp',
  },
  {
    name: 'tsc_to_system_mul',
    offset: 24,
    size: 4,
    explain:
      'ns a tick as a fraction of 2³²: time = system_time + (((tsc − tsc_timestamp) shifted) × mul) >> 32',
  },
  {
    name: 'tsc_shift',
    offset: 28,
    size: 1,
    signed: true,
    explain: 'the ticks are shifted left by this first',
  },
  {
    name: 'flags',
    offset: 29,
    size: 1,
    explain: 'bit 0: all vCPUs agree (TSC_STABLE); bit 1: the guest was stopped (GUEST_STOPPED)',
  },
]

const WC_EXPLAIN = {
  version: 'odd while the hypervisor writes the wall clock',
  sec: 'UTC in seconds at system_time 0; the guest’s wall clock is wc_sec.wc_nsec + system_time',
  nsec: 'and the ns of that',
  hi: 'the upper 32 bits of wc_sec, against the year 2106',
}

/** A vCPU's time page; null: the guest has none. */
export function timePage(machine: Machine, cpu: number): Structure | null {
  const address = machine.core.guest_time_page(cpu)
  if (address === 0) return null
  const what = `vcpu_time_info of vCPU ${cpu}`
  return structure(machine, what, 'Xen public/xen.h; Linux asm/pvclock-abi.h', address, 32, VCPU_TIME_INFO)
}

/** shared_info's wall clock, or KVM's pvclock_wall_clock; null: the guest has none. */
export function wallClock(machine: Machine): Structure | null {
  const { core } = machine
  const address = core.guest_wall_clock()
  if (address === 0) return null
  const high = core.guest_wall_clock_hi()
  const [prefix, title, source] =
    high > 0
      ? ['wc_', 'shared_info: the wall clock', 'Xen public/xen.h']
      : ['', 'pvclock_wall_clock', 'Linux asm/pvclock-abi.h']
  const fields: FieldSpec[] = [
    { name: `${prefix}version`, offset: 0, size: 4, explain: WC_EXPLAIN.version },
    { name: `${prefix}sec`, offset: 4, size: 4, explain: WC_EXPLAIN.sec.replaceAll('wc_', prefix) },
    { name: `${prefix}nsec`, offset: 8, size: 4, explain: WC_EXPLAIN.nsec },
  ]
  if (high > 0) fields.push({ name: 'wc_sec_hi', offset: high - address, size: 4, explain: WC_EXPLAIN.hi })
  const size = high > 0 ? high - address + 4 : 12
  return structure(machine, title!, source!, address, size, fields)
}

function structure(
  machine: Machine,
  title: string,
  source: string,
  address: number,
  size: number,
  specs: readonly FieldSpec[],
): Structure {
  const bytes = machine.guestMemory.slice(address, address + size)
  const view = new DataView(bytes.buffer)
  const fields = specs.map(({ name, offset, size: width, signed, explain }): Field => {
    return { name, offset, size: width, value: `${read(view, offset, width, signed ?? false)}`, explain }
  })
  return { title, source, address, bytes, fields }
}

function read(view: DataView, offset: number, size: 1 | 4 | 8, signed: boolean): bigint | number {
  switch (size) {
    case 1:
      return signed ? view.getInt8(offset) : view.getUint8(offset)
    case 4:
      return view.getUint32(offset, true)
    case 8:
      return view.getBigUint64(offset, true)
  }
}
