/**
 * The arithmetic of the modern Linux models in batches, for tests; the form of the functions is that of
 * ../lab.ts. The timekeeper and CPU 0's timers lie where the models keep them, in guest memory; rows must not
 * lie there too.
 */
import { each, get, put } from '../lab-rows'
import { cpu_timers, event_device_config, event_device_ticks, EventDevice } from './hrtimer'
import {
  calc_mult_shift, mult_of, shift_of, timekeeper, tk_adjust_frequency, tk_advance, tk_boot, tk_change_frequency,
  tk_monotonic, tk_raw, tk_realtime, tk_resume, tk_settime, tk_suspend,
} from './timekeeping'

/** from, to, max_seconds | mult, shift */
export function lab_mult_shift(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 5, (row, scratch) => {
    const packed = calc_mult_shift(<u32>get(row, 0), <u32>get(row, 1), <u32>get(row, 2))
    put(row, 3, mult_of(packed))
    put(row, 4, shift_of(packed))
  })
}

/** hz, min_ticks, max_ticks, delay ns (signed) | mult, shift, min_ns, max_ns, ticks for the delay */
export function lab_event_device(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 9, (row, scratch) => {
    const d = changetype<EventDevice>(scratch)
    event_device_config(d, <u32>get(row, 0), get(row, 1), get(row, 2))
    cpu_timers(0).expires_next = get(row, 3)
    put(row, 4, d.mult)
    put(row, 5, d.shift)
    put(row, 6, d.min_ns)
    put(row, 7, d.max_ns)
    put(row, 8, event_device_ticks(d, 0, 0))
  })
}

/**
 * op, cycles, a, b, c | result, REALTIME, MONOTONIC, BOOTTIME, RAW at `cycles` afterwards, mult, max_idle_ns.
 *
 * op 0 boot (a freq, b scale, c wall ns; hz and checked in the words of result and REALTIME), 1 advance (a
 * always), 2 settime (a ns; result 1 if done), 3 adjust frequency (a ppb), 4 suspend (a persistent ns), 5 resume
 * (a persistent ns; result ns slept), 6 change frequency (a freq, b scale, c checked), other: nothing.
 */
export function lab_timekeeper(rows: usize, count: u32, scratch: usize): void {
  each(rows, count, scratch, 12, (row, scratch) => {
    const op = get(row, 0)
    const cycles = get(row, 1)
    const a = get(row, 2)
    const b = <u32>get(row, 3)
    const c = get(row, 4)
    let result: u64 = 0
    if (op == 0) tk_boot(<u32>a, b, get(row, 6) != 0, <u32>get(row, 5), cycles, c)
    else if (op == 1) tk_advance(cycles, a != 0)
    else if (op == 2) result = u64(tk_settime(a, cycles))
    else if (op == 3) tk_adjust_frequency(<i32>a, cycles)
    else if (op == 4) tk_suspend(cycles, a)
    else if (op == 5) result = tk_resume(cycles, a)
    else if (op == 6) tk_change_frequency(<u32>a, b, c != 0, cycles)
    put(row, 5, result)
    put(row, 6, tk_realtime(cycles))
    put(row, 7, tk_monotonic(cycles))
    put(row, 8, tk_monotonic(cycles) + timekeeper().offs_boot)
    put(row, 9, tk_raw(cycles))
    put(row, 10, timekeeper().mult)
    put(row, 11, timekeeper().max_idle_ns)
  })
}
