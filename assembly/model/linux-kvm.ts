export function lkvm_boot(cpu: u32): void {}
export function lkvm_interrupt(cpu: u32, cause: u32): void {}
export function lkvm_idle(cpu: u32): void {}
export function lkvm_busy(cpu: u32): void {}
export function lkvm_suspend(): void {}
export function lkvm_resume(): void {}
export function lkvm_read_clock(cpu: u32, clock: u32): u64 { return 0 }
export function lkvm_nanosleep(cpu: u32, i: u32): void {}
export function lkvm_settimeofday(cpu: u32, ns: u64): void {}
export function lkvm_adjtime(ppb: i32): void {}
export function lkvm_rtc_resync(cpu: u32): void {}
export function lkvm_told_frequency(cpu: u32): void {}
