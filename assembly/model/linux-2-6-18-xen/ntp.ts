/**
 * NTP: the rate of xtime, and dom0 passing its disciplined clock on to Xen and to the CMOS clock.
 *
 * Each update of the wall clock marks the kernel's clock as not synchronised, and the NTP daemon's next adjtimex
 * takes the mark off again. Here it stays off while the boot option says that NTP disciplines this kernel.
 * Source: arch/i386/kernel/time-xen.c, include/asm-i386/mach-default/mach_time.h, kernel/time.c do_adjtimex.
 */
import { boot_ntp_synced, boot_privileged } from '../../boot-options'
import { cmos_read_secs, cmos_write_secs } from '../../x86/hypercall'
import { gettimeofday, settime_xen } from './clock'
import { usec_to_jiffies } from './jiffies'
import { independent_wallclock, kernel, NS } from './state'

const MAX_PPB: i32 = 512000 // MAXFREQ
const USEC_PER_SEC: i64 = 1000000

/**
 * adjtimex with a frequency in ppb: each tick of xtime gets longer by it, exactly. (The real kernel's fixed
 * point, made for powers of two, applies up to 2.5 % more; an NTP daemon regulates that away.)
 */
export function adjtime(ppb: i32): void {
  const k = kernel()
  const bounded = max(min(ppb, MAX_PPB), -MAX_PPB)
  k.tick_adjust = (<i64>k.tick_nsec * <i64>bounded * 4096) / NS
  notify_arch_cmos_timer()
}

/** After each adjtimex: both duties at the next jiffy. */
export function notify_arch_cmos_timer(): void {
  const k = kernel()
  k.sync_cmos_at = k.jiffies + 1
  k.sync_xen_at = k.jiffies + 1
}

/** Once a minute dom0 tells Xen its time; the time of the last tick, as that of processed_system_time. */
export function sync_xen_wallclock(): void {
  const k = kernel()
  if (!boot_ntp_synced() || independent_wallclock() || !boot_privileged()) return
  settime_xen(k.xtime_sec, k.xtime_nsec, k.processed)
  k.sync_xen_at = k.jiffies + 60 * <u64>k.hz
}

/**
 * The CMOS clock starts a second half a second after it was written; so it is written within half a tick of
 * the half second. That missed, it is tried again a second later; done, after 659 s.
 */
export function sync_cmos_clock(): void {
  const k = kernel()
  if (!boot_ntp_synced()) return
  const now = gettimeofday(0)
  const usec = (now % NS) / 1000
  const half_tick = <i64>(k.tick_nsec / 1000 / 2)
  const in_window = usec >= 500000 - half_tick && usec <= 500000 + half_tick
  const done = in_window && set_rtc_mmss(now / NS)
  let wait = 500000 - usec
  if (wait <= 0) wait += USEC_PER_SEC
  if (done) wait += 659 * USEC_PER_SEC
  k.sync_cmos_at = k.jiffies + usec_to_jiffies(wait)
}

/**
 * Writes minutes and seconds only, and leaves half-hour time zones alone: an error of half an hour or more in
 * the CMOS clock stays. False when it refuses (mach_set_rtc_mmss).
 */
function set_rtc_mmss(sec: i64): bool {
  if (independent_wallclock() || !boot_privileged()) return true
  const cmos = <i64>cmos_read_secs()
  const cmos_minutes = (cmos / 60) % 60
  let minutes = sec / 60
  if ((((abs(minutes - cmos_minutes) + 15) / 30) & 1) != 0) minutes += 30
  minutes %= 60
  if (abs(minutes - cmos_minutes) >= 30) return false
  cmos_write_secs(<u64>(cmos - (cmos % 3600) + minutes * 60 + (sec % 60)))
  return true
}
