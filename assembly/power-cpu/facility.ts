/** Instructions that a facility of MSR turns on: whether it is on, and which file has the instruction. */
import { raise, VECTOR_FP, VECTOR_VEC, VECTOR_VSX } from './exception'
import { float_move } from './float-status'
import { float_scalar } from './float-scalar'
import { float_storage } from './float-storage'
import { msr, MSR_FP, MSR_VEC, MSR_VSX } from './registers'
import { Facility, FacilityFile } from './tables'
import { vector_cipher } from './vector-cipher'
import { vector_integer } from './vector-integer'
import { vector_multiply } from './vector-multiply'
import { vector_permute } from './vector-permute'
import { vsx_move } from './vsx-move'
import { vsx_scalar } from './vsx-scalar'
import { vsx_vector } from './vsx-vector'

/** The vector of the interrupt that a word takes because its facility is off; 0 if it is on. */
function unavailable_vector(needs: u32, word: u32): u32 {
  switch (needs) {
    case Facility.NONE: return 0
    case Facility.FP: return msr() & MSR_FP ? 0 : VECTOR_FP
    case Facility.VEC: return msr() & MSR_VEC ? 0 : VECTOR_VEC
    case Facility.VSX: return msr() & MSR_VSX ? 0 : VECTOR_VSX
    case Facility.VSX_VEC: return unavailable_vector(word & 1 ? Facility.VEC : Facility.VSX, word)
    case Facility.VSX_VEC_DQ: return unavailable_vector(word & 8 ? Facility.VEC : Facility.VSX, word)
    default: return unavailable_vector(word & 1 ? Facility.VEC : Facility.FP, word) // FP_VEC
  }
}

export function facility_op(slot: usize, pc: u64): u32 {
  const word = load<u32>(slot, 8)
  const vector = unavailable_vector(load<u8>(slot, 15), word)
  if (vector != 0) return raise(vector, 0, pc)
  const op = <u32>load<u16>(slot, 12)
  const which = <i32>(op & 255)
  switch (op >> 8) {
    case FacilityFile.FMEM: return float_storage(word, which, pc)
    case FacilityFile.FMOVE: return float_move(word, which, pc)
    case FacilityFile.FP: return float_scalar(word, which, pc)
    case FacilityFile.VINT: return vector_integer(word, which)
    case FacilityFile.VMUL: return vector_multiply(word, which)
    case FacilityFile.VPERM: return vector_permute(word, which)
    case FacilityFile.VCRYPT: return vector_cipher(word, which)
    case FacilityFile.XSCALAR: return vsx_scalar(word, which, pc)
    case FacilityFile.XVECTOR: return vsx_vector(word, which, pc)
    default: return vsx_move(word, which) // XMOVE
  }
}
