export function l26_boot(cpu: u32): void {}
export function l26_interrupt(cpu: u32, cause: u32): void {}
export function l26_idle(cpu: u32): void {}
export function l26_busy(cpu: u32): void {}
export function l26_suspend(): void {}
export function l26_resume(): void {}
export function l26_read_clock(cpu: u32, clock: u32): u64 { return 0 }
export function l26_nanosleep(cpu: u32, i: u32): void {}
export function l26_settimeofday(cpu: u32, ns: u64): void {}
export function l26_adjtime(ppb: i32): void {}
export function l26_rtc_resync(cpu: u32): void {}
export function l26_told_frequency(cpu: u32): void {}
