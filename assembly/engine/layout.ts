/**
 * The memory map of a machine that runs machine code. It is a module of its own (build/power.wasm), beside core.wasm.
 *
 *   0x001000 CPU        registers of the vCPU; the instruction set's own map (power-cpu/registers.ts)  ─┐ STATE
 *   0x002000 SPR        plain special registers, 1024 × u64                                             │
 *   0x004000 MACHINE    cycles, where the run stops, the board; from 0x800 power-cpu/taken.ts            │
 *   0x005000 PLATFORM   what is around the CPUs of a pseries guest (power-cpu/pseries/state.ts)         │
 *   0x006000 PARKED     CPU and SPR of the vCPUs whose turn it is not, 4 × 0x3000; power-cpu/vcpus.ts    │
 *   0x020000 NVRAM      64 KiB that outlive a reboot                                                    │
 *   0x030000 KNOWN      translations that each vCPU has made and not been told to forget; engine/tlb.ts  ─┘ STATE_END
 *   0x04c000 CONSOLE    what the guest printed, on its way out; not state
 *   0x050000 RUN        the run at hand; not state
 *   0x052000 DEBUG      where a debugger wants to stop; not state; engine/debug.ts
 *   0x054000 HOT        where loops begin that are compiled; not state; engine/hot.ts
 *   0x060000 static data of the compiler
 *   0x080000 TLB        what is at hand of KNOWN, and of pages in real mode; derived; engine/tlb.ts
 *   0x0e0000 DIRTY      by guest page, a bit: written since a copy of it was made; not state; engine/dirty.ts
 *   0x100000 PAGE_OF    by guest page: its decoded page, 0 none; derived
 *   0x300000 CODE       the pool of decoded pages; derived
 *   0x4400000 RAM       guest memory
 *
 * State is STATE to STATE_END and RAM: a copy of those bytes is a copy of the machine. What is derived is made again
 * from them, and nothing that a guest can see depends on whether it is there.
 */
export const STATE: usize = 0x1000
export const CPU: usize = 0x1000
export const SPR: usize = 0x2000
export const MACHINE: usize = 0x4000
export const PLATFORM: usize = 0x5000
export const PARKED: usize = 0x6000
export const VCPUS: u32 = 4
export const NVRAM: usize = 0x20000
export const NVRAM_SIZE: u32 = 0x10000
export const KNOWN: usize = 0x30000
export const STATE_END: usize = 0x4c000
export const CONSOLE: usize = 0x4c000
export const CONSOLE_SIZE: u32 = 0x4000
export const RUN: usize = 0x50000
export const DEBUG: usize = 0x52000
export const HOT: usize = 0x54000
export const TLB: usize = 0x80000
export const DIRTY: usize = 0xe0000
export const DIRTY_SIZE: u32 = 0x10000 // a bit for each page of RAM_MAX
export const PAGE_OF: usize = 0x100000
export const CODE: usize = 0x300000
export const RAM: usize = 0x4400000

/** Guest memory ends below this: PAGE_OF has an entry of 4 bytes for each of its pages. */
export const RAM_MAX: u32 = 0x80000000 // 2 GiB
export const PAGE_BITS: u32 = 12
export const PAGE_SIZE: u32 = 0x1000
export const PAGE_MASK: u64 = 0xfff

/** Machine.status: why the last run ended, or that it may go on. */
export const STATUS_RUNNING: u32 = 0
export const STATUS_OFF: u32 = 1 // the guest powered off
export const STATUS_FAULT: u32 = 2 // see Machine.fault
export const STATUS_REBOOT: u32 = 3 // the guest asked to be booted anew

export const FAULT_NONE: u32 = 0
export const FAULT_CHECKSTOP: u32 = 1 // a machine check that cannot be delivered
export const FAULT_TRANSLATION: u32 = 3 // address translation that is not there: hashed page tables, or a classic CPU's

@unmanaged
export class Machine {
  cycle: u64 // cycles gone by, up to the instruction that runs next; while code runs, see stop_cycle
  idle_cycles: u64 // of `cycle`, those in which nothing was executed
  status: u32
  fault: u32
  halted: u32 // 1 once in a branch to itself with interrupts off: only time goes on
  vcpu: u32 // whose registers are in CPU and SPR
  fault_detail: u64
  ram_size: u32
  board: u32
  board_flags: u32
  vcpus: u32 // how many there are
  costs0: u64 // cycles of an instruction by class, 16 × u8
  costs1: u64
  turn_end: u64 // the cycle in which another vCPU gets its turn
  lpcr: u64 // what the hypervisor has set of the partition; power-cpu/partition.ts
  process_table: u64 // real address, and in bits 59-63 the binary logarithm of its size - 12
}

/** A run at hand, and what is derived: not state, and nothing of it lives from run to run but the pool's fill. */
@unmanaged
export class Run {
  stop_cycle: u64 // where the loop is to stop: the cycle at hand is stop_cycle - left
  until_cycle: u64 // where the shell asked the run to end
  left: i32 // cycles before stop_cycle, as the loop left them, or as a handler out of line found them
  console_used: u32
  code_used: u32 // decoded pages in use
  code_flushes: u32 // how often the pool ran full
  decoded: u32 // instructions decoded
  tlb_data: usize // the TLBs for the mode at hand; see engine/tlb.ts
  tlb_fetch: usize
  known_data: usize // and their mirrors; 0 where nothing is translated
  known_fetch: usize
  interrupts: u32 // how many have been taken
  tlb_filled: u32 // a bit for each vCPU: it may know translations
  tick_cycle: u64 // the source of ticks near a cycle: see power-cpu/ticks.ts
  tick_span: u64
  tick_count: u64
  tick_part: u64
  tick_num: u64
  tick_multiplier: u64
  tick_shift: u64
  tick_den: u64
  hot_cool: usize // the beginning of a loop that is interpreted until this run ends
  hot_op: u32 // what that slot does by itself
  hot_changed: u32 // 1 once a loop has been forgotten because its code changed
}
export const MACHINE_COSTS: usize = MACHINE + offsetof<Machine>('costs0')
export const RUN_LEFT: usize = RUN + offsetof<Run>('left')
export const RUN_TLB_DATA: usize = RUN + offsetof<Run>('tlb_data')
export const RUN_TLB_FETCH: usize = RUN + offsetof<Run>('tlb_fetch')

@inline export function run_at_hand(): Run { return changetype<Run>(RUN) }
@inline export function machine(): Machine { return changetype<Machine>(MACHINE) }

/** Ends the run before the next instruction: what the loop's `left` becomes. */
export function end_run(left: i32): i32 {
  const r = run_at_hand()
  r.until_cycle = 0
  r.stop_cycle -= <u64>left
  return 0
}

/** The cycle in which the instruction at hand runs; handlers out of line have `left` in the machine. */
@inline export function cycle_now(left: i32): u64 { return run_at_hand().stop_cycle - <u64>left }
