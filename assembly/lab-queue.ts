/** The event queue in batches of rows, for tests and the bench. */
import { queue_arm, queue_armed, queue_disarm, queue_init, queue_next_time, queue_pop } from './event-queue'
import { each, get, put } from './lab-rows'
import { NEVER } from './layout'

const INIT: u64 = 0
const ARM: u64 = 1
const DISARM: u64 = 2
const POP: u64 = 3

/** op (0 init, 1 arm, 2 disarm, 3 pop), slot, time -> slot that pop took (all ones: empty), its time, next time. */
export function lab_queue(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 6, (row: usize, _scratch: usize): void => {
    const op = get(row, 0)
    const slot = <u32>get(row, 1)
    put(row, 3, NEVER)
    put(row, 4, NEVER)
    if (op == INIT) queue_init()
    if (op == ARM) queue_arm(slot, get(row, 2))
    if (op == DISARM && queue_armed(slot)) queue_disarm(slot)
    if (op == POP && queue_next_time() != NEVER) {
      put(row, 4, queue_next_time())
      put(row, 3, queue_pop())
    }
    put(row, 5, queue_next_time())
  })
}
