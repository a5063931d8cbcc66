/**
 * The vCPUs of a machine, by number: which one runs, who waits, who is stopped.
 *
 *            vcpu_start                     vcpu_cede
 *   STOPPED ───────────> RUNS  ───────────────────────────────> CEDED
 *      ^                  │ ^                                     │
 *      └── vcpu_stop ─────┘ └── an interrupt waits, or vcpu_prod ─┘
 *
 * They take turns, in the order of their numbers, of TURN cycles each; those that sleep have none. Time is one for all:
 * a cycle belongs to the vCPU whose turn it is, so TB never goes back from one to the other. The one that runs has its
 * registers in CPU and SPR, the others have theirs parked:
 *
 *   PARKED + 0x3000 × number: CPU (0x1000) | SPR (0x2000)
 *
 * The counter of ticks and TB's offset are everybody's: they go with whoever runs. A reservation is lost with the turn,
 * which the architecture allows: nobody else stores in between.
 *
 * A vCPU that the host has taken away (taken.ts) has no turn, whatever waits for it.
 */
import { CPU, machine, PARKED, run_at_hand, VCPUS } from '../engine/layout'
import {
  GPR, MSR, MSR_ME, MSR_SF, PC, PENDING, PENDING_DEC, PENDING_EXTERNAL, PRODDED, RESERVED_AT, RESERVED_NONE, SLEEP, SLEEP_CEDED,
  SLEEP_NONE, SLEEP_STOPPED, TIME,
} from './registers'
import { is_taken, taken_at, taken_begin, taken_end, taken_waits, taken_woken } from './taken'
import { ticks_at } from './ticks'
import { dec_passed, TIME_SHARED, time_in } from './time'
import { vpa_dispatch, vpa_waited } from './pseries/vpa'

const BLOCK: usize = 0x3000
/** 10 microseconds at 1 GHz: changing over costs a twentieth of that. */
const TURN: u64 = 10_000

@inline function parked(index: u32): usize { return PARKED + <usize>index * BLOCK }

/** Where the register that the running vCPU has at `address` is of vCPU `index`. */
@inline export function of_vcpu(index: u32, address: usize): usize {
  return index == machine().vcpu ? address : parked(index) + (address - CPU)
}

/** The machine gets `count` vCPUs, all but the first stopped. Before its first instruction; false for what is no number. */
export function vcpus_set(count: u32): bool {
  const m = machine()
  if (count == 0 || count > VCPUS || m.vcpu != 0) return false
  m.vcpus = count
  for (let i: u32 = 1; i < count; i++) {
    memory.copy(parked(i), CPU, BLOCK)
    store<u32>(of_vcpu(i, SLEEP), SLEEP_STOPPED)
  }
  return true
}

/** The vCPU whose instruction runs. */
@inline export function vcpu_here(): u32 { return machine().vcpu }

/** The interrupt controller's line to a vCPU. */
export function vcpu_external(index: u32, on: bool): void {
  const at = of_vcpu(index, PENDING)
  store<u32>(at, on ? load<u32>(at) | PENDING_EXTERNAL : load<u32>(at) & ~PENDING_EXTERNAL)
  if (on && load<u32>(of_vcpu(index, SLEEP)) == SLEEP_CEDED) taken_woken(index)
}

/** The vCPU at hand sleeps from the end of this instruction until an interrupt waits for it, or it has been prodded. */
export function vcpu_cede(): void {
  const prodded = load<u32>(PRODDED)
  store<u32>(PRODDED, 0)
  if (load<u32>(PENDING) != 0 || prodded) return
  store<u32>(SLEEP, SLEEP_CEDED)
  vpa_dispatch(vcpu_here(), false)
}

/** Wakes a vCPU that has ceded; one that has not will not sleep the next time. */
export function vcpu_prod(index: u32): void {
  if (load<u32>(of_vcpu(index, SLEEP)) == SLEEP_CEDED) wake(index)
  else store<u32>(of_vcpu(index, PRODDED), 1)
}

function wake(index: u32): void {
  store<u32>(of_vcpu(index, SLEEP), SLEEP_NONE)
  taken_woken(index)
  if (!is_taken(index)) vpa_dispatch(index, true)
}

/** The vCPU at hand gives the rest of its turn away. */
export function vcpu_yield(): void { machine().turn_end = 0 }

/** The vCPU at hand is stopped until another one starts it. */
export function vcpu_stop(): void { store<u32>(SLEEP, SLEEP_STOPPED) }

export function vcpu_stopped(index: u32): bool { return load<u32>(of_vcpu(index, SLEEP)) == SLEEP_STOPPED }

/** A stopped vCPU runs from `pc` in real mode, with `r3`. */
export function vcpu_start(index: u32, pc: u64, r3: u64): void {
  store<u64>(of_vcpu(index, GPR + 24), r3)
  store<u64>(of_vcpu(index, PC), pc)
  store<u64>(of_vcpu(index, MSR), MSR_SF | MSR_ME)
  store<u32>(of_vcpu(index, SLEEP), SLEEP_NONE)
  taken_woken(index)
}

/** Between two runs the host takes a vCPU away; `told`: the guest sees that in its area. */
export function vcpu_take(index: u32, told: bool): void {
  if (is_taken(index)) return
  const runs = load<u32>(of_vcpu(index, SLEEP)) == SLEEP_NONE
  const wakes = load<u32>(of_vcpu(index, PENDING)) != 0
  taken_begin(index, ticks_at(machine().cycle), runs || wakes)
  if (runs && told) vpa_dispatch(index, false)
}

/** Between two runs it gives it back; `told`: and says how long it kept it waiting. */
export function vcpu_give(index: u32, told: bool): void {
  if (!is_taken(index)) return
  const now = ticks_at(machine().cycle)
  const sleep = load<u32>(of_vcpu(index, SLEEP))
  const t = time_in(of_vcpu(index, TIME))
  // Its decrementer would have woken it, at a tick that nobody has looked at.
  if (sleep == SLEEP_CEDED && t.dec_when <= machine().cycle) taken_waits(index, t.dec_next)
  const taken = taken_at(index)
  t.purr_offset -= now - taken.since
  t.vtb_offset -= now - taken.since
  if (told && taken.waits != 0) vpa_waited(index, now - taken.from)
  if (told && sleep == SLEEP_NONE) vpa_dispatch(index, true)
  taken_end(index)
}

/** Whether a vCPU can run in `cycle`: its decrementer may have passed 0 meanwhile, and what waits for it wakes it. */
function awake(index: u32, cycle: u64): bool {
  if (is_taken(index)) return false
  const t = time_in(of_vcpu(index, TIME))
  const pending = of_vcpu(index, PENDING)
  if (t.dec_when <= cycle) {
    dec_passed(t)
    store<u32>(pending, load<u32>(pending) | PENDING_DEC)
  }
  const sleep = load<u32>(of_vcpu(index, SLEEP))
  if (sleep == SLEEP_CEDED && load<u32>(pending) != 0) wake(index)
  return load<u32>(of_vcpu(index, SLEEP)) == SLEEP_NONE
}

/** The vCPU whose turn it is in `cycle` is the one at hand; false when all sleep. */
export function vcpu_choose(cycle: u64): bool {
  const m = machine()
  const here = awake(m.vcpu, cycle)
  if (m.vcpus == 1 || (here && cycle < m.turn_end)) return here
  for (let i: u32 = 1; i <= m.vcpus; i++) {
    const next = (m.vcpu + i) % m.vcpus
    if (!awake(next, cycle)) continue
    m.turn_end = cycle + TURN
    change_to(next)
    return true
  }
  return false
}

function change_to(next: u32): void {
  const m = machine()
  if (next == m.vcpu) return
  store<u64>(RESERVED_AT, RESERVED_NONE)
  memory.copy(parked(m.vcpu), CPU, BLOCK)
  memory.copy(parked(next) + (TIME - CPU), TIME, TIME_SHARED)
  memory.copy(CPU, parked(next), BLOCK)
  m.vcpu = next
}

/** The first cycle in which a vCPU may wake by itself; all sleep. */
export function vcpu_wakes(): u64 {
  let first = run_at_hand().until_cycle
  for (let i: u32 = 0; i < machine().vcpus; i++) {
    const due = time_in(of_vcpu(i, TIME)).dec_when
    if (due < first && load<u32>(of_vcpu(i, SLEEP)) == SLEEP_CEDED && !is_taken(i)) first = due
  }
  return first
}
