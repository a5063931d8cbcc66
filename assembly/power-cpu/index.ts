/** What build/power.wasm exports: a machine that runs Power machine code. */
import { code_compiled, code_flush, decoded_page_of } from '../engine/code'
import { debug_why, STOP_NONE } from '../engine/debug'
import { hot_op } from '../engine/hot'
import { tlb_flush } from '../engine/tlb'
import {
  CONSOLE, CPU, DIRTY, Machine, machine, MACHINE_COSTS, NVRAM, PAGE_SIZE, RAM, RAM_MAX, run_at_hand, STATE, STATE_END,
  STATUS_RUNNING,
} from '../engine/layout'
import { xxh64 } from '../hash'
import { BOARD_PSERIES } from './board'
import { step, stepping } from './debug'
import { deliver, set_spr } from './exception'
import { interpret, slot_known } from './interpret'
import { reach as reach_page } from './memory'
import { lpcr, LPCR_LD, lpcr_set, process_table_set } from './partition'
import {
  get_cr, get_xer, MODEL, MODEL_SERVER, MSR, MSR_ME, PC, PVR, RESERVED_AT, RESERVED_NONE, set_cr, set_xer, SPR_FSCR, wide_mode,
} from './registers'
import { day_now, day_start, input_put, platform } from './pseries/state'
import { SOURCE_VTY, xics_reset, xics_signal } from './pseries/xics'
import { FSCR_RESET, MMCR0, MMCR0_RESET } from './special'
import { COST_CLASSES, Op } from './tables'
import { ticks_unknown } from './ticks'
import { vcpu_choose, vcpu_here, vcpu_wakes, vcpus_set } from './vcpus'
import { ciabr_set, dawr_set } from './watch'
import { dec_fired, dec_reset, next_stop, time, time_start, timebase_at } from './time'

export { debug_address, debug_break, debug_clear, debug_stopped, debug_watch, debug_why } from '../engine/debug'
export { dec_armed, dec_next, set_dec, set_source, set_tb_offset, source_ticks, tb_offset } from './hypervisor'
export { vcpu_give as give_vcpu, vcpu_take as take_vcpu } from './vcpus'

export function address_state(): usize { return STATE }
export function address_state_end(): usize { return STATE_END }
export function address_cpu(): usize { return CPU }
export function address_ram(): usize { return RAM }
export function address_console(): usize { return CONSOLE }

/**
 * A machine before its first instruction: `ram` bytes, whole pages and at most RAM_MAX; false if that is not so. Their
 * contents stay: a new instance's are zero, and pages that nobody has touched cost nothing.
 */
export function machine_reset(ram: u32, board: u32, model: u32, pvr: u32, dec_bits: u32): bool {
  if (ram == 0 || ram > RAM_MAX || ram % PAGE_SIZE != 0) return false
  code_flush()
  ticks_unknown()
  memory.fill(STATE, 0, STATE_END - STATE)
  tlb_flush()
  const m = machine()
  m.ram_size = ram
  m.board = board
  m.vcpus = 1
  for (let i: u32 = 0; i < COST_CLASSES; i++) store<u8>(MACHINE_COSTS + i, 1)
  store<u32>(MODEL, model)
  store<u32>(PVR, pvr)
  store<u64>(RESERVED_AT, RESERVED_NONE)
  store<u64>(MSR, model == MODEL_SERVER ? MSR_ME : 0)
  if (model == MODEL_SERVER) {
    set_spr(SPR_FSCR, FSCR_RESET)
    set_spr(MMCR0, MMCR0_RESET)
  }
  dec_reset(dec_bits, model == MODEL_SERVER ? 1 : 0)
  if (board == BOARD_PSERIES && dec_bits > 32) lpcr_set(LPCR_LD, LPCR_LD)
  xics_reset()
  platform().vty_signals = 1
  return true
}

/** What a pseries platform shows: the time of day, ns since 1970, at this cycle; the seed of H_RANDOM. */
export function set_platform(day: u64, cpu_hz: u64, seed: u64): bool {
  platform().random = seed
  return day_start(machine().cycle, day, cpu_hz)
}

/** The platform's clock is set: it shows `day` now. */
export function set_day(day: u64, cpu_hz: u64): bool { return day_start(machine().cycle, day, cpu_hz) }

/** Nanoseconds since 1970 as the platform's clock shows them now. */
export function day(): i64 { return day_now(machine().cycle) }
export function address_nvram(): usize { return NVRAM }

/** A character typed on the console; false when too many wait. */
export function console_type(character: u32): bool {
  if (!input_put(character)) return false
  between_runs()
  if (platform().vty_signals) xics_signal(SOURCE_VTY)
  return true
}

/** Whether the guest reported that it cannot go on (ibm,os-term). */
export function terminated(): u32 { return platform().terminated }

/** State or RAM were written from outside: what was derived of them is forgotten. */
export function machine_changed(): void {
  ticks_unknown()
  code_flush()
  tlb_flush()
}

/** Whether the state, which came from outside, is of such a machine. */
export function machine_is(ram: u32, board: u32, model: u32, vcpus: u32): bool {
  const m = machine()
  return m.ram_size == ram && m.board == board && load<u32>(MODEL) == model && m.vcpus == vcpus && m.vcpu < vcpus
}

/** See engine/dirty.ts: the marks, and that they begin anew. What is written from outside is not marked. */
export function address_dirty(): usize { return DIRTY }
export { dirty_clear } from '../engine/dirty'

/** Cycles that an instruction of a class takes, 1 to 255. Code that was decoded is decoded anew. */
export function set_cost(cost_class: u32, cycles: u32): bool {
  if (cost_class >= COST_CLASSES || cycles == 0 || cycles > 255) return false
  store<u8>(MACHINE_COSTS + cost_class, <u8>cycles)
  code_flush()
  return true
}

/** How many vCPUs there are, 1 to 4; all but the first are stopped. Before the first instruction. */
export function set_vcpus(count: u32): bool { return vcpus_set(count) }
/** The one whose registers are at address_cpu(). */
export function vcpu(): u32 { return vcpu_here() }

/** From now on the source has tb_hz ticks in cpu_hz cycles, and stands at `ticks`. */
export function set_clock(ticks: u64, tb_hz: u64, cpu_hz: u64): bool { return time_start(machine().cycle, ticks, tb_hz, cpu_hz) }

/**
 * Runs until `until` cycles have gone by: the first instruction that starts then or later has not run. Ends sooner when
 * the console is full or the machine stops; answers Machine.status.
 */
export function run(until: u64): u32 {
  const m = machine()
  const r = run_at_hand()
  r.until_cycle = until
  while (m.cycle < r.until_cycle && m.status == STATUS_RUNNING) {
    if (!vcpu_choose(m.cycle)) {
      sleep_on(m)
      continue
    }
    deliver()
    r.stop_cycle = next_stop(m.cycle)
    r.left = <i32>(r.stop_cycle - m.cycle)
    if (stepping()) step()
    else interpret()
    m.cycle = r.stop_cycle - <u64>r.left
  }
  return m.status
}

/** No instruction is at hand: what a handler does now it does in the machine's cycle. */
function between_runs(): void {
  const r = run_at_hand()
  r.stop_cycle = machine().cycle
  r.left = 0
}

/** The same, one instruction after another, until a watchpoint is met. */
export function run_watched(until: u64): u32 {
  const m = machine()
  while (m.cycle < until && m.status == STATUS_RUNNING && debug_why() == STOP_NONE) run(m.cycle + 1)
  return m.status
}

/** What the hypervisor sets for the guest; see partition.ts. */
export function partition_lpcr(): u64 { return lpcr() }
export function partition_set_lpcr(value: u64, mask: u64): void { lpcr_set(value, mask) }
export function partition_process_table(): u64 { return machine().process_table }
export function partition_set_process_table(entry: u64): void { process_table_set(entry) }

/** Nobody runs: time goes on to the next event. */
function sleep_on(m: Machine): void {
  const next = vcpu_wakes()
  m.idle_cycles += next - m.cycle
  m.cycle = next
}

/** Break and watch points of the vCPU at hand; see debug.ts and watch.ts. */
export function set_ciabr(value: u64): void { ciabr_set(value) }
export function set_dawr(address: u64, control: u64): void { dawr_set(address, control) }

export function cycles(): u64 { return machine().cycle }
export function idle_cycles(): u64 { return machine().idle_cycles }
export function halted(): u32 { return machine().halted }
export function fault(): u32 { return machine().fault }
export function fault_detail(): u64 { return machine().fault_detail }
export function decoded(): u32 { return run_at_hand().decoded }
export function console_used(): u32 { return run_at_hand().console_used }
export function console_clear(): void { run_at_hand().console_used = 0 }
export function timebase(): u64 { return timebase_at(machine().cycle) }

/** The slot that runs next, where its page is at hand; 0 where it is not. */
export function slot_at_hand(): usize { return slot_known() }
/** For compiled loops: see memory.ts. */
export function reach(address: u64, size: u32, write: u32): u32 { return reach_page(address, size, write != 0) ? 1 : 0 }
/** Whether addresses are of 64 bits in the mode at hand. */
export function wide_at_hand(): bool { return wide_mode() }
/** The decoded page that a slot lies in, and what a slot at which a loop begins does by itself. */
export function page_of_slot(slot: usize): usize { return decoded_page_of(slot) }
export function slot_alone(slot: usize): u32 { return hot_op(slot) }
/** The loop that begins at `slot`, between two slots, is a function of the table from now on; see engine/hot.ts. */
export function loop_compiled(slot: usize, loop: u32, first: usize, last: usize): void {
  code_compiled(slot, loop, first, last, <u16>Op.HOT)
}

/** CR and XER as the architecture shows them; the other registers are plain memory (registers.ts). */
export function cr(): u32 { return get_cr() }
export function put_cr(value: u32): void { set_cr(value) }
export function xer(): u32 { return get_xer() }
export function put_xer(value: u32): void { set_xer(value) }
export function put_pc(value: u64): void { store<u64>(PC, value) }
export function put_msr(value: u64): void { store<u64>(MSR, value) }

/** XXH64 of `length` bytes from a linear address. */
export function hash(address: usize, length: usize): u64 { return xxh64(address, length, 0) }
