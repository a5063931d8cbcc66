/**
 * A recording of a linux-2.6.18-xen guest, replayed row by row: the hypervisor's part is laid into the guest's memory as
 * the row has it, the kernel runs the row's operation, and its variables are left beside what was recorded.
 * lab_csv_read (../lab-csv.ts) brings the rows, lab_csv_compare judges them.
 *
 * One vCPU of a 64-bit guest that the shell has configured. What lasts from row to row, beside the machine, is the Replay.
 */
import { xxh64 } from '../hash'
import { host_counter } from '../host'
import { HOST_TSC, NS_PER_SEC, RING } from '../layout'
import { at, GPA_SHARED_INFO } from '../memory'
import { RECORD_SIZE, RING_RECORDS, SEEN_BACKWARDS, SEEN_WAKE } from '../observe'
import { VcpuTimeInfo } from '../x86/pvclock'
import { shared_info_wc_version, VCPU_INFO_TIME, WC_NSEC, WC_SEC } from '../x86/shared-info'
import {
  lab26_boot, lab26_gettimeofday, lab26_jiffies_to_st, lab26_nanosleep, lab26_resume, lab26_runstate, lab26_softirq_time,
  lab26_state, lab26_tick,
} from './lab-2-6-18'

/** 34 words. A text is its address and, in the upper half, its length. */
@unmanaged
class Row {
  scenario: u64 // text
  op: u64 // text
  tsc: u64
  pv_version: u64
  pv_tsc_timestamp: u64
  pv_system_time: u64
  pv_mul: u64
  pv_shift: u64
  wc_version: u64
  wc_sec: u64
  wc_nsec: u64
  runnable: u64
  blocked: u64
  offline: u64
  entry: u64
  result: u64 // text
  // answers: lab26_state's twelve words, then
  state: u64
  state1: u64
  state2: u64
  state3: u64
  state4: u64
  state5: u64
  state6: u64
  state7: u64
  state8: u64
  state9: u64
  state10: u64
  state11: u64
  warnings: u64
  other_result: u64 // 1: the recorded text is not what the kernel gives
  asleep: u64 // 1: WOKE, and the process has not woken once
  text: u64 // what the kernel gives, if it is another
  pad0: u64
  pad1: u64
}
const STATE_BYTES: usize = 96

@unmanaged
class Replay {
  scenario: u64 // hash of its name
  begun: u32 // the shell has set up a guest for it
  booted: u32
  warnings: u64
  wakes: u32
  status: u32
}

/** Replay.status: why lab26_replay returned. */
const REPLAY_DONE: u32 = 0
const REPLAY_SCENARIO: u32 = 1 // the next row belongs to another guest
const REPLAY_OPERATION: u32 = 2 // the next row has an operation that is none
const REPLAY_RESULT: u32 = 3 // the next row's result does not say which jiffy is asked for

const REPLAY_NOT_BOOTED: u32 = 4 // the next row needs a kernel, and its guest has had no INIT

// Operations: their first eight letters, the first in the lowest byte.
const OP_PAGE: u64 = 0x45474150
const OP_WC: u64 = 0x4357
const OP_NORESUME: u64 = 0x454d555345524f4e
const OP_STALEWC: u64 = 0x4357454c415453
const OP_INIT: u64 = 0x54494e49
const OP_TICK: u64 = 0x4b434954
const OP_RESUME: u64 = 0x454d55534552
const OP_GTOD: u64 = 0x444f5447
const OP_NANOSLEEP_2S: u64 = 0x45454c534f4e414e
const OP_WOKE: u64 = 0x454b4f57
const OP_JIFFIES_TO_ST: u64 = 0x5f5345494646494a

/** A text that a row of another result keeps; it must outlive the call. */
const TEXT_BYTES: usize = 96

@inline function text_at(text: u64): usize { return <usize>(text & 0xffffffff) }
@inline function text_length(text: u64): usize { return <usize>(text >> 32) }

/** Its first eight letters, or fewer. */
function letters(text: u64): u64 {
  const length = text_length(text)
  if (length == 0) return 0
  return length >= 8 ? load<u64>(text_at(text)) : load<u64>(text_at(text)) & ((<u64>1 << (length << 3)) - 1)
}

/** How long the name of an operation is; 0 for what is none. */
function operation_length(op: u64): usize {
  switch (op) {
    case OP_WC: return 2
    case OP_PAGE: case OP_INIT: case OP_TICK: case OP_GTOD: case OP_WOKE: return 4
    case OP_RESUME: return 6
    case OP_STALEWC: return 7
    case OP_NORESUME: return 8
    case OP_NANOSLEEP_2S: return 12
    case OP_JIFFIES_TO_ST: return 13
    default: return 0
  }
}

/** Whether guest code runs. */
function needs_kernel(op: u64): bool {
  return op == OP_TICK || op == OP_GTOD || op == OP_RESUME || op == OP_NANOSLEEP_2S || op == OP_WOKE || op == OP_JIFFIES_TO_ST
}

// ---- texts of results

function put_byte(to: usize, byte: u32): usize {
  store<u8>(to, byte)
  return to + 1
}

function put_decimal(to: usize, value: i64): usize {
  let rest = <u64>value
  if (value < 0) {
    to = put_byte(to, 0x2d)
    rest = 0 - rest
  }
  let digits: usize = 1
  for (let ten = rest; ten >= 10; ten /= 10) digits++
  for (let place = digits; place > 0; place--) {
    store<u8>(to + place - 1, <u8>(0x30 + rest % 10))
    rest /= 10
  }
  return to + digits
}

/** `expires=`, `softirq=` or `j_minus_` in one word: a key of eight letters. */
function put_eight(to: usize, key: u64): usize {
  store<u64>(to, key)
  return to + 8
}
const KEY_EXPIRES: u64 = 0x3d73657269707865
const KEY_SOFTIRQ: u64 = 0x3d71726974666f73
const KEY_J_MINUS: u64 = 0x5f73756e696d5f6a
const KEY_JIFFIES: u64 = 0x3d7365696666696a
/** `;st=` */
const KEY_ST: u32 = 0x3d74733b

/** The number after `j_minus_jiffies=`, up to a semicolon, at `out`; where it ends, or 0 if it is none. */
function read_ahead(text: u64, out: usize): usize {
  const start = text_at(text)
  const end = start + text_length(text)
  if (end - start < 17 || load<u64>(start) != KEY_J_MINUS || load<u64>(start, 8) != KEY_JIFFIES) return 0
  const negative = load<u8>(start, 16) == 0x2d
  let digit = start + 16 + usize(negative)
  const first = digit
  let value: u64 = 0
  for (; digit < end && load<u8>(digit) - 0x30 < 10; digit++) value = value * 10 + (load<u8>(digit) - 0x30)
  if (digit == first || digit - first > 19 || digit == end || load<u8>(digit) != 0x3b) return 0
  store<i64>(out, negative ? -<i64>value : <i64>value)
  return digit
}

// ---- rows

function lay_hypervisor(row: Row): void {
  const info = at(GPA_SHARED_INFO)
  const page = changetype<VcpuTimeInfo>(info + VCPU_INFO_TIME)
  page.version = <u32>row.pv_version
  page.tsc_timestamp = row.pv_tsc_timestamp
  page.system_time = row.pv_system_time
  page.tsc_to_system_mul = <u32>row.pv_mul
  page.tsc_shift = <i8>row.pv_shift
  const wall = info + shared_info_wc_version(true)
  store<u32>(wall, <u32>row.wc_version)
  store<u32>(wall, <u32>row.wc_sec, WC_SEC)
  store<u32>(wall, <u32>row.wc_nsec, WC_NSEC)
  lab26_runstate(row.runnable, row.blocked, row.offline, row.entry)
  host_counter(HOST_TSC).base = row.tsc // the shell has given it a rate of 0
}

/** Runs the operation and writes what its result would be; returns where that ends. */
function run(row: Row, op: u64, replay: Replay, to: usize, ahead: usize): usize {
  if (op == OP_TICK) {
    lab26_tick()
  } else if (op == OP_GTOD) {
    const ns = <i64>lab26_gettimeofday()
    to = put_byte(put_decimal(to, ns / <i64>NS_PER_SEC), 0x3b)
    to = put_byte(put_decimal(to, ns % <i64>NS_PER_SEC / 1000), 0x3b)
    to = put_decimal(to, lab26_softirq_time())
  } else if (op == OP_INIT) {
    lab26_boot()
    replay.booted = 1
  } else if (op == OP_RESUME) {
    lab26_resume()
  } else if (op == OP_NANOSLEEP_2S) {
    to = put_decimal(put_eight(to, KEY_EXPIRES), <i64>lab26_nanosleep())
  } else if (op == OP_WOKE) {
    to = put_decimal(put_eight(to, KEY_SOFTIRQ), lab26_softirq_time())
  } else if (op == OP_JIFFIES_TO_ST) {
    // The question is part of the recorded text: up to the semicolon it is copied.
    const length = ahead - text_at(row.result)
    memory.copy(to, text_at(row.result), length)
    const at = to + length
    const jiffies = load<i64>(to, TEXT_BYTES)
    store<u32>(at, KEY_ST)
    to = put_decimal(at + 4, <i64>lab26_jiffies_to_st(jiffies))
  }
  return to
}

/** Takes the kernel's warnings and wakes out of the ring. */
function drain(replay: Replay): void {
  const count = load<u32>(RING)
  for (let i: u32 = 0; i < count; i++) {
    const kind = load<u32>(RING_RECORDS + <usize>i * RECORD_SIZE, 8)
    if (kind == SEEN_BACKWARDS) replay.warnings++
    if (kind == SEEN_WAKE) replay.wakes++
  }
  store<u32>(RING, 0)
}

function same_text(text: u64, from: usize, length: usize): bool {
  return text_length(text) == length && memory.compare(text_at(text), from, length) == 0
}

/**
 * Replays up to `count` rows; returns how many, and Replay.status says why no more. `texts` has room for TEXT_BYTES + 8
 * for each row.
 */
export function lab26_replay(rows: usize, count: u32, replay_address: usize, texts: usize): u32 {
  const replay = changetype<Replay>(replay_address)
  for (let i: u32 = 0; i < count; i++) {
    const row = changetype<Row>(rows + <usize>i * offsetof<Row>())
    const text = texts + <usize>i * (TEXT_BYTES + 8)
    const scenario = xxh64(text_at(row.scenario), text_length(row.scenario), 0)
    const op = letters(row.op)
    replay.status = REPLAY_SCENARIO
    if (!replay.begun || scenario != replay.scenario) {
      replay.scenario = scenario
      return i
    }
    replay.status = REPLAY_OPERATION
    if (operation_length(op) == 0 || operation_length(op) != text_length(row.op)) return i
    replay.status = REPLAY_NOT_BOOTED
    if (!replay.booted && needs_kernel(op)) return i
    replay.status = REPLAY_RESULT
    const ahead = op == OP_JIFFIES_TO_ST ? read_ahead(row.result, text + TEXT_BYTES) : 0
    if (op == OP_JIFFIES_TO_ST && ahead == 0) return i
    lay_hypervisor(row)
    const length = run(row, op, replay, text, ahead) - text
    drain(replay)
    const state = changetype<usize>(row) + offsetof<Row>('state')
    if (replay.booted) lab26_state(state)
    else memory.fill(state, 0, STATE_BYTES)
    row.warnings = replay.warnings
    row.other_result = u64(!same_text(row.result, text, length))
    row.text = <u64>text | (<u64>length << 32)
    row.asleep = u64(op == OP_WOKE && replay.wakes != 1)
  }
  replay.status = REPLAY_DONE
  return count
}
