export function lppc_boot(cpu: u32): void {}
export function lppc_interrupt(cpu: u32, cause: u32): void {}
export function lppc_idle(cpu: u32): void {}
export function lppc_busy(cpu: u32): void {}
export function lppc_suspend(): void {}
export function lppc_resume(): void {}
export function lppc_read_clock(cpu: u32, clock: u32): u64 { return 0 }
export function lppc_nanosleep(cpu: u32, i: u32): void {}
export function lppc_settimeofday(cpu: u32, ns: u64): void {}
export function lppc_adjtime(ppb: i32): void {}
export function lppc_rtc_resync(cpu: u32): void {}
export function lppc_told_frequency(cpu: u32): void {}
