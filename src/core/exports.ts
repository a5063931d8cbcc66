/**
 * The core's exports as WebAssembly gives them: u32 as number, 64-bit values as bigint (signed, so an unsigned
 * one is passed through `u64`). What each does stands at its definition in assembly/.
 */
export interface CoreExports {
  readonly memory: WebAssembly.Memory

  address_call(): number
  address_state(): number
  address_state_end(): number
  address_host(): number
  address_host_end(): number
  address_guest(): number
  address_ring(): number
  address_records(): number
  address_guest_memory(): number
  record_size(): number

  machine_init(now_ns: bigint): void
  machine_boot(): void
  machine_stop(): void
  machine_resume(suspended: boolean): void
  machine_land(vcpus: number, stopped_at_ns: bigint, stopped_total_ns: bigint, program: number): void
  machine_steal(cpu: number, taken: boolean): void
  machine_sync_wall(): void
  machine_stop_wall_sync(): void
  xen_sync_wall(): void
  machine_now(): bigint
  machine_run_state(): number
  machine_vcpus(): number
  machine_program(): number
  machine_fault(): number
  machine_exit(): number
  machine_exit_clear(): void
  machine_exit_secs(): bigint
  machine_exit_nsecs(): number
  machine_exit_system_time(): bigint
  machine_exit_rtc_secs(): bigint
  machine_stopped_at(): bigint
  machine_stopped_total(): bigint
  machine_memory_size(): number
  machine_set_memory_size(bytes: number): void
  machine_hash(): bigint
  memory_hash(from: number, length: number, seed: bigint): bigint
  address_dirty(): number
  dirty_clear(): void
  dirty_collect(): void
  run_until(until_ns: bigint, skip: boolean): number
  run_ticking(until_ns: bigint): number
  queue_next_time(): bigint
  queue_next_slot(later: number): number
  host_restored(): void

  host_configure(
    hypervisor: number,
    tsc_khz: number,
    timebase_hz: number,
    tsc_frac_bits: number,
    constant_tsc: number,
    tsc_reliable: number,
    tsc_clocksource: number,
    timer_slop_ns: number,
    system_time_base_ns: bigint,
  ): void
  host_set_counter(which: number, base: bigint, num: bigint, den: bigint): void
  host_rate_counter(which: number, num: bigint): void
  host_step_counter(which: number, delta: bigint): void
  host_read_counter(which: number): bigint
  host_read_fraction(which: number): bigint
  host_start(): void
  host_configure_kvmclock(step_ns: number, update_ns: bigint, stagger_ns: number, never_back: number): void
  host_restamp(): void
  host_slept(ns: bigint): void
  host_clocks_changed(): void
  host_system_time(): bigint
  host_wc_sec(): bigint
  host_wc_nsec(): number
  xen_set_wallclock(secs: bigint, nsecs: number, base_ns: bigint): void
  xen_update_wallclock(): void

  guest_configure(
    program: number,
    vcpus: number,
    wide: number,
    privileged: number,
    hvm: number,
    hz: number,
    variant: number,
    clocksource: number,
    ntp: number,
    singleshot_era: number,
    memory_size: number,
  ): void
  guest_configure_hyperv(): void
  guest_configure_rtc(period_ns: bigint, cost_ns: bigint, most_ns: bigint): void
  vmclock_create(): void
  guest_configure_power(
    source: number,
    tb_hz: number,
    told_hz: number,
    dec_bits: number,
    dec_level: number,
    booke: number,
  ): void
  workload_add_reader(clock: number, cpu: number, from_ns: bigint, every_ns: bigint, until_ns: bigint): number
  workload_guard_reader(index: number): void
  workload_read_until(index: number, until_ns: bigint): void
  workload_add_sleeper(
    clock: number,
    cpu: number,
    at_ns: bigint,
    for_ns: bigint,
    repeats: number,
    pause_ns: bigint,
  ): number
  workload_add_busy(cpu: number, from_ns: bigint, until_ns: bigint): number
  workload_add_writer(
    cpu: number,
    first_page: number,
    pages: number,
    from_ns: bigint,
    until_ns: bigint,
    every_ns: bigint,
  ): number
  guest_read_clock(cpu: number, clock: number): bigint
  guest_settimeofday(ns: bigint): void
  guest_adjtime(ppb: number): void
  guest_slew(source_ns: bigint, period_ns: bigint): void
  guest_rtc_resync(): void
  guest_tell_frequency(hz: number): void
  guest_suspend(): void

  xen_set_stamp(tsc: bigint, stime: bigint, mul: number, shift: number): void
  guest_set_stime_offset(offset: bigint): void
  guest_set_tsc_info(mode: number, elapsed_ns: bigint, khz: number, incarnation: number): number
  guest_get_tsc_info(out: number): void
  guest_is_hvm(): number
  xen_set_guest_tsc(value: bigint): void
  xen_time_page(cpu: number): number
  guest_publish_time(): void
  rdtsc(cpu: number): bigint
  mfspr(cpu: number, spr: number): bigint
  guest_set_tsc_khz(khz: number): number
  guest_virtual_tsc_khz(): number
  guest_tsc_offset(cpu: number): bigint
  kvm_write_tsc(cpu: number, value: bigint, by_vmm: boolean): void
  kvm_set_tsc_offset(cpu: number, offset: bigint): void
  kvm_get_clock(): bigint
  kvm_set_clock(clock: bigint, use_realtime: boolean, realtime: bigint): void
  kvm_clock_ctrl(cpu: number): void
  kvm_master_clock(): number
  kvm_create_vcpus(): void
  kvm_restore_tsc_deadline(cpu: number, value: bigint): void
  kvm_vmm_writes_tsc(cpu: number, value: bigint): void
  kvm_steal_from_thread(cpu: number, waited_ns: bigint): void
  guest_tsc_deadline(cpu: number): bigint
  guest_reference_count(): bigint
  hyperv_set_reference(reference: bigint): void

  guest_timebase(): bigint
  tb_source_ticks(): bigint
  vmclk(): bigint
  vmclk_run(running: boolean): void
  guest_tb_offset(): bigint
  guest_set_tb_offset(offset: bigint): void
  guest_tb_hz(): number
  guest_set_tb_source(source: number, tb_hz: number): void
  guest_set_vmclk(ns: bigint): void
  guest_dec_next(cpu: number): bigint
  guest_dec_armed(cpu: number): number
  guest_set_dec_next(cpu: number, next: bigint, armed: number): void

  guest_time_page(cpu: number): number
  guest_wall_clock(): number
  guest_wall_clock_hi(): number

  points_below(points: number, count: number, x: bigint): number
  decimate(points: number, count: number, from: bigint, until: bigint, columns: number, out: number): number
}

/** The unsigned reading of a 64-bit value that crossed the boundary. */
export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
/** The signed reading. */
export const s64 = (value: bigint): bigint => BigInt.asIntN(64, value)
