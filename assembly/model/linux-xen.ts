export function lxen_boot(cpu: u32): void {}
export function lxen_interrupt(cpu: u32, cause: u32): void {}
export function lxen_idle(cpu: u32): void {}
export function lxen_busy(cpu: u32): void {}
export function lxen_suspend(): void {}
export function lxen_resume(): void {}
export function lxen_read_clock(cpu: u32, clock: u32): u64 { return 0 }
export function lxen_nanosleep(cpu: u32, i: u32): void {}
export function lxen_settimeofday(cpu: u32, ns: u64): void {}
export function lxen_adjtime(ppb: i32): void {}
export function lxen_rtc_resync(cpu: u32): void {}
export function lxen_told_frequency(cpu: u32): void {}
