/**
 * Hyper-V's partition reference time: units of 100 ns, as an MSR and as a page that turns the TSC into it (Hyper-V TLFS
 * 12.3, 12.4). Source: Linux arch/x86/kvm/hyperv.c get_time_ref_counter, compute_tsc_page_parameters; Xen
 * arch/x86/hvm/viridian/time.c.
 *
 *   KVM  the MSR is kvmclock / 100. The page has the scale and the offset of kvmclock's own page, and is valid only with
 *        a master clock; else its sequence is 0 and a reader takes the MSR
 *   Xen  the counter is NOW() plus an offset, which a save freezes and a restore thaws
 *
 *     page: +0 u32 sequence | +4 u32 reserved | +8 u64 scale | +16 s64 offset      time = (tsc * scale >> 64) + offset
 */
import { xen_now } from '../host'
import { guest, HYPERVISOR_XEN } from '../layout'
import { at, inside } from '../memory'
import { div_wide, mulhi_u64 } from '../wide'

export const REFERENCE_NS: u64 = 100
const SEQUENCE_INVALID: u32 = 0

/** The counter when kvmclock, or on Xen NOW(), reads `ns`. */
@inline export function reference_at(ns: u64): u64 {
  return (guest().hypervisor == HYPERVISOR_XEN ? ns + guest().hv_offset : ns) / REFERENCE_NS
}

/** HV_X64_MSR_REFERENCE_TSC: address of the page | 1 enables. */
export function hyperv_write_reference_tsc(value: u64): i32 {
  if (value & 1 && (value >> 32 || !inside(<u32>value & ~4095, 4096))) return -22
  guest().hv_page_gpa = value & 1 ? <u32>value & ~4095 : 0
  return 0
}

/** Writes the page so that it says what kvmclock's page says; `valid`: with a master clock. */
export function hyperv_publish(valid: bool, tsc_timestamp: u64, system_time: u64, mul: u32, shift: i32): void {
  const gpa = guest().hv_page_gpa
  if (!gpa) return
  const page = at(gpa)
  const sequence = load<u32>(page)
  store<u32>(page, SEQUENCE_INVALID)
  const unit = <u64>1 << <u64>(32 + shift)
  const hi = mulhi_u64(unit, mul)
  if (!valid || hi >= REFERENCE_NS) return // a scale that does not fit: KVM leaves the page invalid too
  const scale = div_wide(hi, unit * mul, REFERENCE_NS)
  store<u64>(page, scale, 8)
  store<u64>(page, system_time / REFERENCE_NS - mulhi_u64(tsc_timestamp, scale), 16)
  store<u32>(page, sequence + 1 == SEQUENCE_INVALID ? 1 : sequence + 1)
}

/** What a guest computes from the page; `msr` is what it takes where the page is invalid. */
export function hyperv_page_time(tsc: u64, msr: u64): u64 {
  const gpa = guest().hv_page_gpa
  if (!gpa || load<u32>(at(gpa)) == SEQUENCE_INVALID) return msr
  return mulhi_u64(tsc, load<u64>(at(gpa), 8)) + load<u64>(at(gpa), 16)
}

/** Xen: the counter goes on from `reference`. */
export function hyperv_set_reference(reference: u64): void {
  guest().hv_offset = <i64>(reference * REFERENCE_NS - xen_now())
}
