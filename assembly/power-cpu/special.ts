/**
 * mfspr and mtspr: who may, and what each register does. The table is src/power/sprs.ts.
 *
 *   no such register   in problem state a program interrupt: privileged by bit 0x10 of the number, or illegal; to a
 *                      supervisor of a server CPU nothing, apart from numbers 0, 4, 5 and 6
 *   not for you        a program interrupt, privileged: the hypervisor's registers, reading what can only be written
 *   facility           in problem state FSCR may keep a register away: facility unavailable
 *
 * Source: Power ISA 3.0B, Book III, 4.4.4 and 6.5; target/ppc of QEMU where a guest asks for what is not its own.
 */
import { cycle_now, run_at_hand } from '../engine/layout'
import { spr_entry, spr_number } from './decode'
import { PROGRAM_ILLEGAL, PROGRAM_PRIVILEGED, raise_facility, raise_program, set_spr, spr } from './exception'
import { iamr_set, pid_set, SPR_AMR } from './radix'
import {
  CTR, field_d, get_xer, gpr, JUMP, LEAVE, LR, msr, MSR_PR, NEXT, PC, PENDING, PENDING_DOORBELL, PVR, server, set_gpr, set_xer,
  SPR_FSCR, TAR,
} from './registers'
import { SprKind } from './tables'
import { ticks_at } from './ticks'
import { dec_read, dec_written, tbl_write, tbu_write, time, timebase_at } from './time'

const DSCR_USER: u32 = 3
const DSCR: u32 = 17
const CTRL: u32 = 152
const UAMOR: u32 = 157
const SPRG3: u32 = 275
const MMCR2: u32 = 785
const MMCR0: u32 = 795
const PPR: u32 = 896

/** Bits of FSCR, which are causes of the facility unavailable interrupt as well. */
const FACILITY_DSCR: u64 = 2
const FACILITY_TRANSACTION: u64 = 5
const FACILITY_EVENT: u64 = 7
const FACILITY_TAR: u64 = 8
export const FSCR_SCV: u64 = 1 << 12
/** As a guest finds it. */
export const FSCR_RESET: u64 = 1 << FACILITY_TAR
export const MMCR0_RESET: u64 = 0x8000_0000 // counters stand still
export { MMCR0 }

/** What a process sees of MMCR0 and MMCR2. */
const MMCR0_USER: u64 = 0x8400_0080
const MMCR2_USER: u64 = 0x4020_1008_0402_0000

/** Whether someone with the privilege of MSR may do what takes `who`: 0 nobody, 1 everyone, 2 the supervisor. */
@inline function may(who: u32): bool { return who == 1 || (who == 2 && (msr() & MSR_PR) == 0) }

function refused(n: u32, entry: u32, pc: u64): u32 {
  if (entry != 0) return raise_program(PROGRAM_PRIVILEGED, pc)
  if (msr() & MSR_PR) return raise_program(n & 16 ? PROGRAM_PRIVILEGED : PROGRAM_ILLEGAL, pc)
  if (n == 0 || (n >= 4 && n <= 6) || !server()) return raise_program(PROGRAM_ILLEGAL, pc)
  return NEXT
}

/** The facility that a register belongs to and that is not there for the mode at hand; 0 when it is. */
function lacking(n: u32, kind: i32): u64 {
  if (kind == SprKind.TRANSACTION) return FACILITY_TRANSACTION
  if ((msr() & MSR_PR) == 0) return 0
  let facility: u64 = 0
  if (kind == SprKind.TAR) facility = FACILITY_TAR
  else if (n == DSCR_USER) facility = FACILITY_DSCR
  else if (kind == SprKind.EVENT || kind == SprKind.UPPER) facility = FACILITY_EVENT
  return (spr(SPR_FSCR) >> facility) & 1 ? 0 : facility
}

export function move_from(word: u32, pc: u64): u32 {
  const n = spr_number(word)
  const entry = spr_entry(n)
  const kind = <i32>(entry & 0xff)
  if (!may((entry >> 8) & 3)) return refused(n, entry, pc)
  const facility = lacking(n, kind)
  if (facility != 0) return raise_facility(facility, pc)
  if (kind != SprKind.NOTHING) set_gpr(field_d(word), read_spr(n, kind))
  return NEXT
}

function read_spr(n: u32, kind: i32): u64 {
  const now = cycle_now(run_at_hand().left)
  switch (kind) {
    case SprKind.XER: return <u64>get_xer()
    case SprKind.LR: return load<u64>(LR)
    case SprKind.CTR: return load<u64>(CTR)
    case SprKind.TAR: return load<u64>(TAR)
    case SprKind.DEC: return dec_read(now)
    case SprKind.TB: return timebase_at(now)
    case SprKind.TBU: return timebase_at(now) >> 32
    case SprKind.PURR: return ticks_at(now) + time().purr_offset
    case SprKind.VTB: return ticks_at(now) + time().vtb_offset
    case SprKind.PVR: return <u64>load<u32>(PVR)
    case SprKind.SPRG3: return spr(SPRG3)
    case SprKind.DSCR: return spr(DSCR)
    case SprKind.AMR_USER: return spr(SPR_AMR)
    case SprKind.CTRL: return spr(CTRL)
    case SprKind.DPDES: return load<u32>(PENDING) & PENDING_DOORBELL ? 1 : 0
    case SprKind.USER: return seen_by_user(n + 16)
    case SprKind.UPPER: return spr(n - 1) >> 32
    case SprKind.PPR32: return spr(PPR) >> 32
    case SprKind.ZERO: return 0
    default: return spr(n)
  }
}

/** Registers of the performance monitor have a second number for processes. */
function seen_by_user(n: u32): u64 {
  const all = (msr() & MSR_PR) == 0 ? u64.MAX_VALUE : n == MMCR0 ? MMCR0_USER : n == MMCR2 ? MMCR2_USER : u64.MAX_VALUE
  return spr(n) & all
}

export function move_to(word: u32, pc: u64): u32 {
  const n = spr_number(word)
  const entry = spr_entry(n)
  const kind = <i32>(entry & 0xff)
  if (!may((entry >> 10) & 3)) return refused(n, entry, pc)
  const facility = lacking(n, kind)
  if (facility != 0) return raise_facility(facility, pc)
  return write_spr(n, kind, gpr(field_d(word)), pc)
}

function write_spr(n: u32, kind: i32, value: u64, pc: u64): u32 {
  const now = cycle_now(run_at_hand().left)
  switch (kind) {
    case SprKind.XER: set_xer(<u32>value); return NEXT
    case SprKind.LR: store<u64>(LR, value); return NEXT
    case SprKind.CTR: store<u64>(CTR, value); return NEXT
    case SprKind.TAR: store<u64>(TAR, value); return NEXT
    case SprKind.DEC: run_at_hand().left = dec_written(run_at_hand().left, value); return NEXT
    case SprKind.TBL_WRITE: tbl_write(now, <u32>value); return NEXT
    case SprKind.TBU_WRITE: tbu_write(now, <u32>value); return NEXT
    case SprKind.DSCR: set_spr(DSCR, value); return NEXT
    case SprKind.PID: pid_set(value); return anew(pc, JUMP)
    case SprKind.AMR: set_spr(SPR_AMR, value); return anew(pc, LEAVE)
    case SprKind.AMR_USER: set_spr(SPR_AMR, amr_by_user(value)); return anew(pc, LEAVE)
    case SprKind.IAMR: iamr_set(value); return anew(pc, JUMP)
    case SprKind.WORD: set_spr(n, <u64><u32>value); return NEXT
    // RUN, and in TS that this thread, the core's only one, runs.
    case SprKind.CTRL: set_spr(CTRL, (value & 1) | ((value & 1) << 8)); return NEXT
    case SprKind.USER: set_by_user(n + 16, value); return NEXT
    case SprKind.UPPER: set_spr(n - 1, <u64><u32>spr(n - 1) | (value << 32)); return NEXT
    case SprKind.PPR32: set_spr(PPR, <u64><u32>spr(PPR) | (value << 32)); return NEXT
    case SprKind.NOTHING:
    case SprKind.ZERO: return NEXT
    default: set_spr(n, server() ? value : <u64><u32>value); return NEXT
  }
}

/** Addresses come to something else from the next instruction on; `how` is JUMP, or LEAVE where other TLBs hold them. */
function anew(pc: u64, how: u32): u32 {
  store<u64>(PC, pc + 4)
  return how
}

/** A process changes what UAMOR lets it. */
function amr_by_user(value: u64): u64 {
  const mask = msr() & MSR_PR ? spr(UAMOR) : u64.MAX_VALUE
  return (spr(SPR_AMR) & ~mask) | (value & mask)
}

function set_by_user(n: u32, value: u64): void {
  const word = n >= 787 && n <= 792 // counters
  const mask = (msr() & MSR_PR) == 0 ? u64.MAX_VALUE : n == MMCR0 ? MMCR0_USER : n == MMCR2 ? MMCR2_USER : u64.MAX_VALUE
  set_spr(n, (spr(n) & ~mask) | ((word ? <u64><u32>value : value) & mask))
}
