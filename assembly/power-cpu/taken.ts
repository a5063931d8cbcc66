/**
 * vCPUs that the host has taken away, to run something else: they have no turns, while time goes on for all.
 *
 *          take                                    give
 *   ────────┼────────────────────────────────────────┼────────
 *           since      from, where it ceded:         now
 *           └─ idle ───┴─ would run, and waits ──────┘
 *
 * PURR and VTB stand still from `since` to now (KVM keeps them when a vCPU is out). Ticks from `from` to now are what
 * was stolen of it; one that did not sleep waits from the start.
 *
 *   MACHINE + 0x800: Taken, 32 bytes a vCPU, all zero of those that are not taken
 */
import { cycle_now, MACHINE, run_at_hand } from '../engine/layout'
import { ticks_at } from './ticks'

@unmanaged
export class Taken {
  is: u32
  waits: u32
  since: u64 // ticks of the source
  from: u64
}

const SIZE: usize = 32

@inline export function taken_at(index: u32): Taken { return changetype<Taken>(MACHINE + 0x800 + <usize>index * SIZE) }
@inline export function is_taken(index: u32): bool { return taken_at(index).is != 0 }

export function taken_begin(index: u32, ticks: u64, waits: bool): void {
  const t = taken_at(index)
  t.is = 1
  t.since = ticks
  if (waits) taken_waits(index, ticks)
}

/** From the tick `from` on it would run, if not from an earlier one. */
export function taken_waits(index: u32, from: u64): void {
  const t = taken_at(index)
  if (t.waits != 0 && <i64>(from - t.from) >= 0) return
  t.waits = 1
  t.from = <i64>(from - t.since) > 0 ? from : t.since
}

/** The same from the instruction at hand on, if it is taken. */
export function taken_woken(index: u32): void {
  if (is_taken(index)) taken_waits(index, ticks_at(cycle_now(run_at_hand().left)))
}

export function taken_end(index: u32): void { memory.fill(changetype<usize>(taken_at(index)), 0, SIZE) }
