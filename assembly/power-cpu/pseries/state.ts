/**
 * What a pseries platform keeps, in the region PLATFORM; NVRAM has a region of its own.
 *
 *   0x000 Platform | 0x080 the Counter of nanoseconds, from which the time of day is read
 *   0x100 Server, one a vCPU: its interrupt presentation and the areas that it registered
 *   0x300 interrupt sources, 4 bytes each: server, priority, priority before it was masked, state
 *   0x400 characters typed on the console that the guest has not read, a ring
 */
import { counter_read, counter_set, Counter } from '../../counter'
import { dirty_mark } from '../../engine/dirty'
import { machine, PLATFORM, RAM } from '../../engine/layout'

@unmanaged
export class Platform {
  input_from: u32 // of the ring; where the guest reads next
  input_used: u32
  vty_signals: u32 // whether input interrupts; from the start, as on QEMU, until H_VIO_SIGNAL says no
  terminated: u32 // ibm,os-term was called
  day_zero: u64 // ns since 1970 when the counter stood at 0; wraps for dates before
  random: u64
}

@unmanaged
export class Server {
  cppr: u32 // priority that the vCPU runs at; only more urgent (smaller) ones interrupt
  mfrr: u32 // priority of the inter-processor interrupt that is asked for; 0xff none
  vpa: u64 // real addresses that H_REGISTER_VPA was given, 0 none
  slb_shadow: u64
  trace_log: u64
}

export const MAX_SERVERS: u32 = 4
const RTC: usize = PLATFORM + 0x80
const SERVERS: usize = PLATFORM + 0x100
const SERVER_SIZE: usize = 64
export const SOURCES: usize = PLATFORM + 0x300
const INPUT: usize = PLATFORM + 0x400
export const INPUT_SIZE: u32 = 1024

@inline export function platform(): Platform { return changetype<Platform>(PLATFORM) }
@inline export function server_at(index: u32): Server { return changetype<Server>(SERVERS + <usize>index * SERVER_SIZE) }
@inline function rtc(): Counter { return changetype<Counter>(RTC) }

const NS_PER_SEC: u64 = 1_000_000_000

/** The clock of the platform starts: nanoseconds by cycles, `now` since 1970. */
export function day_start(cycle: u64, now: u64, cpu_hz: u64): bool {
  if (!counter_set(rtc(), cycle, 0, NS_PER_SEC, cpu_hz)) return false
  platform().day_zero = now
  return true
}

/** Nanoseconds since 1970 in `cycle`, as the platform's clock shows them. */
export function day_now(cycle: u64): i64 { return <i64>(platform().day_zero + counter_read(rtc(), cycle)) }

export function day_set(cycle: u64, now: i64): void { platform().day_zero = <u64>now - counter_read(rtc(), cycle) }

/** A character for the guest; false when 1024 wait already. */
export function input_put(character: u32): bool {
  const p = platform()
  if (p.input_used == INPUT_SIZE) return false
  store<u8>(INPUT + ((p.input_from + p.input_used) & (INPUT_SIZE - 1)), <u8>character)
  p.input_used++
  return true
}

/** The next character; only when there is one. */
export function input_take(): u32 {
  const p = platform()
  const character = load<u8>(INPUT + p.input_from)
  p.input_from = (p.input_from + 1) & (INPUT_SIZE - 1)
  p.input_used--
  return character
}

/** Whether `size` bytes at a real address are guest memory. */
@inline export function guest_has(real: u64, size: u64): bool {
  const ram = <u64>machine().ram_size
  return size <= ram && real <= ram - size
}

// Everything that platform and guest share in memory is big-endian. The caller has asked guest_has.
@inline export function guest_u16(real: u64): u32 { return bswap<u16>(load<u16>(RAM + <usize>real)) }
@inline export function guest_u32(real: u64): u32 { return bswap<u32>(load<u32>(RAM + <usize>real)) }
@inline export function guest_u64(real: u64): u64 { return bswap<u64>(load<u64>(RAM + <usize>real)) }
export function put_u32(real: u64, value: u32): void {
  dirty_mark(<u32>real, 4)
  store<u32>(RAM + <usize>real, bswap<u32>(value))
}
