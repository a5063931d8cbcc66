/** What the core exports to the shell. */
export * from './addresses'
export * from './control'
export { address_dirty, dirty_clear, dirty_collect, memory_hash } from './dirty'
export { workload_add_writer } from './writer'
export { decimate, points_below } from './decimate'
export { queue_next_slot, queue_next_time } from './event-queue'
export {
  machine_boot, machine_init, machine_land, machine_resume, machine_steal, machine_stop,
  machine_stop_wall_sync, machine_sync_wall, run_ticking, run_until,
} from './machine'
export { guest_time_page, guest_wall_clock, guest_wall_clock_hi } from './pages'
export { guest_timebase, mfspr, mtspr, tb_enable, tb_source_ticks, vmclk, vmclk_run } from './ppc/cpu'
export { rdmsr, rdtsc, wrmsr } from './x86/cpu'
export {
  kvm_clock_ctrl, kvm_create_vcpus, kvm_get_clock, kvm_restore_tsc_deadline, kvm_set_clock, kvm_set_tsc_offset,
  kvm_steal_from_thread, kvm_vmm_writes_tsc, kvm_write_tsc,
} from './x86/kvm'
export { hyperv_set_reference } from './x86/hyperv'
export { vmclock_create } from './vmclock'
export { xen_set_guest_tsc, xen_set_wallclock, xen_sync_wall, xen_time_page, xen_update_wallclock } from './x86/xen'
export * from './lab'
export * from './lab-batch'
export * from './lab-math'
export * from './lab-queue'
export * from './model/lab-2-6-18'
export * from './model/lab-recording'
export * from './model/lab-timekeeping'
