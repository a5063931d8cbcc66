/** The one instance of the core behind the whole library: every figure is its answer. */
import type { CoreExports } from '../core/exports.js'
import { instantiate } from '../core/load.js'

/** The core's batches of rows that are used here; each is described at its definition in assembly/lab*.ts. */
export type RowsCall =
  | 'lab_calibration'
  | 'lab_decrementer'
  | 'lab_decrementer_write'
  | 'lab_domain_tsc'
  | 'lab_drift'
  | 'lab_kvm_tolerance'
  | 'lab_layout'
  | 'lab_nested_tsc'
  | 'lab_pvclock_read'
  | 'lab_read_steps'
  | 'lab_reciprocal'
  | 'lab_recorded_guard'
  | 'lab_recorded_timer_op'
  | 'lab_recorded_tolerance'
  | 'lab_scale_delta'
  | 'lab_settime'
  | 'lab_time_scale'
  | 'lab_timebase'
  | 'lab_timebase_write'
  | 'lab_tsc'
  | 'lab_unscale_up'
  | 'lab_wallclock_read'
  | 'lab_wide'

type Batch = (rows: number, count: number, scratch: number) => void

export interface MathExports extends CoreExports, Readonly<Record<RowsCall, Batch>> {
  lab_csv_read(
    text: number,
    length: number,
    fields: number,
    fieldCount: number,
    capacity: number,
    out: number,
  ): number
  lab_csv_compare(
    rows: number,
    stride: number,
    expected: number,
    expectedStride: number,
    count: number,
    checks: number,
    checkCount: number,
    capacity: number,
    out: number,
  ): number
  lab_survey(
    first: number,
    last: number,
    columns: number,
    rows: number,
    low: bigint,
    high: bigint,
    out: number,
  ): void
}

const SCRATCH_BYTES = 0x1000
const PAGE_BYTES = 0x10000

/** An instance, and memory of it that belongs to no machine: 4 KiB of scratch, then a heap for rows. */
export class MathCore {
  readonly exports = instantiate() as unknown as MathExports
  readonly scratch = this.exports.memory.buffer.byteLength
  /** What lies from here on belongs to the call that is under way. */
  readonly heap = this.scratch + SCRATCH_BYTES

  /** A view on `bytes` of the heap; an older view is dead once the memory has grown. */
  view(bytes: number): DataView {
    const { memory } = this.exports
    const missing = this.heap + bytes - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
    return new DataView(memory.buffer, this.heap, bytes)
  }

  /** Bytes at an address below the end of the last view. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, address, length)
  }

  /** One call of a batch: rows of `width` words, given the inputs; they come back whole, unsigned. */
  batch(call: RowsCall, width: number, rows: readonly (readonly bigint[])[]): bigint[][] {
    const view = this.view(8 * width * rows.length + 8)
    const words = new BigUint64Array(view.buffer, this.heap, width * rows.length)
    words.fill(0n)
    rows.forEach((row, i) => {
      words.set(row, i * width)
    })
    this.exports[call](this.heap, rows.length, this.scratch)
    return rows.map((_, i) => [...words.subarray(i * width, (i + 1) * width)])
  }

  /** The same for one row. */
  row(call: RowsCall, width: number, ...inputs: bigint[]): bigint[] {
    return this.batch(call, width, [inputs])[0]!
  }
}

let shared: MathCore | undefined

/** The shared instance, made at the first use. No call leaves anything in it that another one sees. */
export function mathCore(): MathCore {
  shared ??= new MathCore()
  return shared
}
