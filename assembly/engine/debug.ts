/**
 * Where a debugger wants the machine to stop. It changes nothing that a guest can see, and is not state.
 *
 *   DEBUG   +0 u32 why the last run stopped, STOP_*   +4 u32 breakpoints   +8 u32 watchpoints
 *           +0x10 u64 the real address of the access that stopped it
 *           +0x100 breakpoints, u64 real address each        +0x1100 watchpoints: u64 from, u64 end, u64 kinds
 *
 * A breakpoint is a slot that decodes to an operation of its own, so code runs as fast with it as without. A watchpoint
 * keeps all pages out of the TLBs, so that every access is seen, and the shell runs instruction by instruction.
 */
import { code_flush } from './code'
import { DEBUG } from './layout'
import { tlb_flush } from './tlb'

export const STOP_NONE: u32 = 0
export const STOP_BREAK: u32 = 1
export const STOP_WATCH: u32 = 2
/** Kinds of access, as bits. */
export const WATCH_READ: u32 = 1
export const WATCH_WRITE: u32 = 2

const MOST: u32 = 64
const BREAKS: usize = DEBUG + 0x100
const WATCHES: usize = DEBUG + 0x1100

@inline function breaks(): u32 { return load<u32>(DEBUG, 4) }
@inline function watches(): u32 { return load<u32>(DEBUG, 8) }

export function debug_why(): u32 { return load<u32>(DEBUG) }
export function debug_address(): u64 { return load<u64>(DEBUG, 16) }
export function debug_stopped(why: u32): void { store<u32>(DEBUG, why) }

/** Nothing is to stop it. */
export function debug_clear(): void {
  memory.fill(DEBUG, 0, 32)
  code_flush()
  tlb_flush()
}

/** False when there are as many as there can be. */
export function debug_break(real: u64): bool {
  const n = breaks()
  if (n == MOST) return false
  store<u64>(BREAKS + (<usize>n << 3), real)
  store<u32>(DEBUG, n + 1, 4)
  code_flush()
  return true
}

export function debug_watch(real: u64, bytes: u32, kinds: u32): bool {
  const n = watches()
  if (n == MOST) return false
  const at = WATCHES + <usize>n * 24
  store<u64>(at, real)
  store<u64>(at, real + bytes, 8)
  store<u64>(at, kinds, 16)
  store<u32>(DEBUG, n + 1, 8)
  tlb_flush()
  return true
}

/** For the decoder: whether code at a real address is to stop. */
@inline export function breaks_at(real: u64): bool { return breaks() != 0 && break_known(real) }

function break_known(real: u64): bool {
  const end = BREAKS + (<usize>breaks() << 3)
  for (let at = BREAKS; at < end; at += 8) if (load<u64>(at) == real) return true
  return false
}

@inline export function watching(): bool { return watches() != 0 }

/** For accesses to RAM while anything is watched. */
export function watch_access(real: u64, size: u32, kind: u32): void {
  const end = WATCHES + <usize>watches() * 24
  for (let at = WATCHES; at < end; at += 24) {
    if (!(load<u64>(at, 16) & kind) || real >= load<u64>(at, 8) || real + size <= load<u64>(at)) continue
    store<u64>(DEBUG, real > load<u64>(at) ? real : load<u64>(at), 16)
    return debug_stopped(STOP_WATCH)
  }
}
