/**
 * The vCPUs of a machine as the platform sees them, by number: which one runs, who waits, who is stopped.
 *
 *            vcpu_start                     vcpu_cede
 *   STOPPED ───────────> RUNS  ───────────────────────────────> CEDED
 *      ^                  │ ^                                     │
 *      └── vcpu_stop ─────┘ └── an interrupt waits, or vcpu_prod ─┘
 */
import { PENDING, PENDING_EXTERNAL, SLEEP, SLEEP_CEDED, SLEEP_NONE, SLEEP_STOPPED } from './registers'
import { vpa_dispatch } from './pseries/vpa'

/** The vCPU whose instruction runs. */
@inline export function vcpu_here(): u32 { return 0 }

/** The interrupt controller's line to a vCPU. */
export function vcpu_external(_index: u32, on: bool): void {
  const pending = load<u32>(PENDING)
  store<u32>(PENDING, on ? pending | PENDING_EXTERNAL : pending & ~PENDING_EXTERNAL)
}

/** The vCPU at hand sleeps from the end of this instruction until an interrupt waits for it. */
export function vcpu_cede(): void {
  if (load<u32>(PENDING) != 0) return
  store<u32>(SLEEP, SLEEP_CEDED)
  vpa_dispatch(vcpu_here(), false)
}

export function vcpu_prod(index: u32): void {
  if (load<u32>(SLEEP) != SLEEP_CEDED) return
  store<u32>(SLEEP, SLEEP_NONE)
  vpa_dispatch(index, true)
}

/** The vCPU at hand gives the rest of its turn away. */
export function vcpu_yield(): void {}

/** The vCPU at hand is stopped until another one starts it. */
export function vcpu_stop(): void { store<u32>(SLEEP, SLEEP_STOPPED) }

export function vcpu_stopped(_index: u32): bool { return load<u32>(SLEEP) == SLEEP_STOPPED }

/** A stopped vCPU runs from `pc` in real mode, with `r3`. */
export function vcpu_start(_index: u32, _pc: u64, _r3: u64): void {}

/** Whether the vCPU at hand still sleeps; one that ceded and for which an interrupt waits is awake from now on. */
export function vcpu_asleep(): bool {
  if (load<u32>(PENDING) != 0) vcpu_prod(vcpu_here())
  return load<u32>(SLEEP) != SLEEP_NONE
}
