/** What the guest prints: characters in a buffer that the shell empties between runs. */
import { CONSOLE, CONSOLE_SIZE, end_run, run_at_hand } from '../engine/layout'

/** A character of the guest's console. The run ends when the buffer is almost full. */
export function print(character: u32): void {
  const r = run_at_hand()
  store<u8>(CONSOLE + r.console_used, <u8>character)
  r.console_used++
  // One instruction prints 16 at most, and the shell empties the buffer between runs.
  if (r.console_used >= CONSOLE_SIZE - 64) r.left = end_run(r.left)
}
