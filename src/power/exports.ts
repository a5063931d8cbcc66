/** What build/power.wasm exports; each at its definition in assembly/power-cpu/index.ts. */
export interface PowerExports {
  readonly memory: WebAssembly.Memory
  readonly table: WebAssembly.Table
  address_state(): number
  address_state_end(): number
  address_cpu(): number
  address_ram(): number
  address_console(): number
  machine_reset(ram: number, board: number, model: number, pvr: number, dec_bits: number): number
  machine_changed(): void
  machine_is(ram: number, board: number, model: number, vcpus: number): number
  address_dirty(): number
  dirty_clear(): void
  set_cost(cost_class: number, cycles: number): number
  set_vcpus(count: number): number
  vcpu(): number
  set_clock(ticks: bigint, tb_hz: bigint, cpu_hz: bigint): number
  set_platform(day: bigint, cpu_hz: bigint, seed: bigint): number
  day(): bigint
  address_nvram(): number
  console_type(character: number): number
  terminated(): number
  run(until: bigint): number
  partition_lpcr(): bigint
  partition_process_table(): bigint
  partition_set_lpcr(value: bigint, mask: bigint): void
  partition_set_process_table(entry: bigint): void
  set_ciabr(value: bigint): void
  set_dawr(address: bigint, control: bigint): void
  cycles(): bigint
  idle_cycles(): bigint
  halted(): number
  fault(): number
  fault_detail(): bigint
  decoded(): number
  console_used(): number
  console_clear(): void
  timebase(): bigint
  set_day(day: bigint, cpu_hz: bigint): number
  set_source(ticks: bigint, part: bigint, num: bigint, den: bigint): number
  take_vcpu(vcpu: number, told: number): void
  give_vcpu(vcpu: number, told: number): void
  source_ticks(): bigint
  tb_offset(): bigint
  set_tb_offset(offset: bigint): void
  dec_next(vcpu: number): bigint
  dec_armed(vcpu: number): number
  set_dec(vcpu: number, next: bigint, armed: number): void
  /** As run, until a watchpoint is met. */
  run_watched(until: bigint): number
  debug_clear(): void
  debug_break(real: bigint): number
  debug_watch(real: bigint, bytes: number, kinds: number): number
  debug_stopped(why: number): void
  debug_why(): number
  debug_address(): bigint
  cr(): number
  put_cr(value: number): void
  xer(): number
  put_xer(value: number): void
  put_pc(value: bigint): void
  put_msr(value: bigint): void
  slot_at_hand(): number
  wide_at_hand(): number
  reach(address: bigint, size: number, write: number): number
  page_of_slot(slot: number): number
  slot_alone(slot: number): number
  loop_compiled(slot: number, loop: number, first: number, last: number): void
  hash(address: number, length: number): bigint
}
