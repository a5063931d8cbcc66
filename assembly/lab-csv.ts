/**
 * Lines of decimal numbers to rows of 64-bit words, and rows against what someone recorded: `math verify`. The
 * shell brings the text in large pieces, so a row costs no call and no big integer.
 */

const QUOTE: u32 = 0x22
const COMMA: u32 = 0x2c
const MINUS: u32 = 0x2d
const ZERO: u32 = 0x30
const LINE_FEED: u32 = 0x0a
const RETURN: u32 = 0x0d

/** Why reading stopped: CsvOut.status. */
const CSV_READ: u32 = 0
const CSV_TOO_FEW: u32 = 1
const CSV_TOO_MANY: u32 = 2
const CSV_NOT_A_NUMBER: u32 = 3
const CSV_OUT_OF_RANGE: u32 = 4

/** A column of the text, 24 bytes: where row 0 keeps it, how far the next row is, and what it may hold. */
@unmanaged
class CsvField {
  address: u32 // 0: the column is ignored
  stride: u32 // with CSV_TEXT: it is not a number; its address is kept, and its length in the upper half
  most: u64
  least: u64 // how far below zero it may go
}

/** What lab_csv_read leaves behind; after it, for each row, u32 where its line starts and u32 which line it is. */
@unmanaged
class CsvOut {
  consumed: u32 // bytes
  lines: u32 // those with rows and empty ones
  status: u32
  field: u32 // where it stopped
}

const CSV_TEXT: u32 = 1 << 31
const FIELD_BYTES: usize = 24
/** So many digits are below 2^64, whichever they are. */
const SAFE_DIGITS: usize = 19
const OUT_BYTES: usize = 16

@inline
function byte(at: usize): u32 {
  return load<u8>(at)
}

/**
 * Reads whole lines until `capacity` rows are full, the text is over or something is wrong; returns the rows read.
 * The text must end with a line feed, and 8 bytes of memory after it. Empty lines are no rows.
 *
 *     fields: CsvField × field_count        out: CsvOut, then capacity × {u32 byte, u32 line}
 */
export function lab_csv_read(
  text: usize,
  length: u32,
  fields: usize,
  field_count: u32,
  capacity: u32,
  out: usize,
): u32 {
  const end = text + length
  const o = changetype<CsvOut>(out)
  const last_field = fields + <usize>(field_count - 1) * FIELD_BYTES
  o.status = CSV_READ
  o.lines = 0
  let at = text
  let row: u32 = 0
  while (at < end && row < capacity) {
    o.consumed = <u32>(at - text)
    if (byte(at) == RETURN && byte(at + 1) == LINE_FEED) at++
    if (byte(at) != LINE_FEED) {
      const place = out + OUT_BYTES + (<usize>row << 3)
      store<u32>(place, o.consumed)
      store<u32>(place, o.lines, 4)
      at = read_line(at, fields, last_field, row, o)
      if (at == 0) return row
      row++
    }
    at++
    o.lines++
  }
  o.consumed = <u32>(at - text)
  return row
}

/** Reads one line; returns where its line feed is, or 0 if it is refused. */
function read_line(line: usize, fields: usize, last_field: usize, row: u32, o: CsvOut): usize {
  let at = line
  let field = fields
  while (true) {
    const f = changetype<CsvField>(field)
    if (f.address == 0) at = skip_field(at)
    else at = f.stride & CSV_TEXT ? read_text(at, f, row) : read_field(at, f, row)
    if (at <= CSV_OUT_OF_RANGE || byte(at) != COMMA || field == last_field) break
    at++
    field += FIELD_BYTES
  }
  const whole = at > CSV_OUT_OF_RANGE
  if (whole && byte(at) == RETURN) at++
  if (whole && byte(at) == LINE_FEED && field == last_field) return at
  o.field = <u32>((field - fields) / FIELD_BYTES)
  if (!whole) o.status = <u32>at
  else if (byte(at) == LINE_FEED) o.status = CSV_TOO_FEW
  else o.status = byte(at) == COMMA ? CSV_TOO_MANY : CSV_NOT_A_NUMBER
  return 0
}

/** One number, quoted or not; returns the byte after it, or a status where there must be an address. */
@inline
function read_field(start: usize, f: CsvField, row: u32): usize {
  let at = start
  const quoted = byte(at) == QUOTE
  if (quoted) at++
  const negative = byte(at) == MINUS
  if (negative) at++
  const first = at
  let text = load<u64>(at)
  let count = digits_in(text)
  let value: u64 = 0
  while (count == 8) {
    value = value * 100_000_000 + number_of(text)
    at += 8
    text = load<u64>(at)
    count = digits_in(text)
  }
  // Of the last digits, zeros before them make eight.
  if (count != 0) value = value * load<u64>(POWERS + (<usize>count << 3)) + number_of(text << (64 - (count << 3)))
  at += <usize>count
  if (at == first) return CSV_NOT_A_NUMBER
  if (at - first > SAFE_DIGITS && overflows(first, at)) return CSV_OUT_OF_RANGE
  if (quoted && byte(at++) != QUOTE) return CSV_NOT_A_NUMBER
  if (value > (negative ? f.least : f.most)) return CSV_OUT_OF_RANGE
  store<u64>(<usize>f.address + <usize>row * <usize>f.stride, negative ? 0 - value : value)
  return at
}

/** A field as it is, without its quotes; returns the byte after it. */
function read_text(start: usize, f: CsvField, row: u32): usize {
  let end = skip_field(start)
  if (byte(end) == LINE_FEED && end > start && byte(end - 1) == RETURN) end--
  const quoted = end - start >= 2 && byte(start) == QUOTE && byte(end - 1) == QUOTE
  const from = quoted ? start + 1 : start
  const length = end - start - (quoted ? 2 : 0)
  const place = <usize>f.address + <usize>row * <usize>(f.stride & ~CSV_TEXT)
  store<u64>(place, <u64>from | (<u64>length << 32))
  return end
}

/** 1, 10, … 10^7. */
const POWERS: usize = memory.data<u64>([1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000])

/** How many of eight characters, the first in the lowest byte, are digits before the first that is none. */
@inline
function digits_in(text: u64): u64 {
  // A digit is 0x30 to 0x39: its upper half is 3, and stays 3 when 6 is added. A carry goes into later bytes only.
  const upper: u64 = 0xf0f0_f0f0_f0f0_f0f0
  const threes: u64 = 0x3030_3030_3030_3030
  const others = ((text & upper) ^ threes) | (((text + 0x0606_0606_0606_0606) & upper) ^ threes)
  return ctz(others) >> 3
}

/** The number that eight digits make, or fewer after bytes of 0: pairs, then fours, then all eight at once. */
@inline
function number_of(text: u64): u64 {
  let x = (text & 0x0f0f_0f0f_0f0f_0f0f) * 2561 >> 8
  x = (x & 0x00ff_00ff_00ff_00ff) * 6553601 >> 16
  return (x & 0x0000_ffff_0000_ffff) * 42949672960001 >> 32
}

/** Whether the digits make a number of more than 64 bits. */
function overflows(first: usize, end: usize): bool {
  let value: u64 = 0
  for (let at = first; at < end; at++) {
    const digit = <u64>(byte(at) - ZERO)
    if (value > (u64.MAX_VALUE - digit) / 10) return true
    value = value * 10 + digit
  }
  return false
}

/** A field that nobody reads: up to the comma or the line's end; in quotes a comma is text, and "" is a quote. */
function skip_field(start: usize): usize {
  let at = start
  if (byte(at) == QUOTE) {
    at++
    while (byte(at) != LINE_FEED) {
      if (byte(at) == QUOTE) {
        if (byte(at + 1) != QUOTE) {
          at++
          break
        }
        at++
      }
      at++
    }
  }
  while (byte(at) != COMMA && byte(at) != LINE_FEED) at++
  return at
}

/** A comparison of two words, 16 bytes. */
@unmanaged
class CsvCheck {
  got: u32 // word of the row of results
  expected: u32 // word of the row of expected values
  unless: u32 // compared only where this word of the expected values is 0; all ones: always
  pad0: u32
}

const CHECK_BYTES: usize = 16

/**
 * Compares `count` rows of results, `stride` bytes apart, with the rows of expected values; returns how many rows
 * differ. The first `capacity` of them are written with each check that failed.
 *
 *     out: u32 number of entries, then entries of u32 row, u32 check
 */
export function lab_csv_compare(
  rows: usize,
  stride: u32,
  expected: usize,
  expected_stride: u32,
  count: u32,
  checks: usize,
  check_count: u32,
  capacity: u32,
  out: usize,
): u32 {
  let differing: u32 = 0
  let entry = out + 4
  for (let row: u32 = 0; row < count; row++) {
    const got = rows + <usize>row * <usize>stride
    const want = expected + <usize>row * <usize>expected_stride
    let differs = false
    for (let i: u32 = 0; i < check_count; i++) {
      const c = changetype<CsvCheck>(checks + <usize>i * CHECK_BYTES)
      if (load<u64>(got + (<usize>c.got << 3)) == load<u64>(want + (<usize>c.expected << 3))) continue
      if (c.unless != u32.MAX_VALUE && load<u64>(want + (<usize>c.unless << 3)) != 0) continue
      differs = true
      if (differing >= capacity) break
      store<u32>(entry, row)
      store<u32>(entry, i, 4)
      entry += 8
    }
    differing += u32(differs)
  }
  store<u32>(out, <u32>((entry - out - 4) >> 3))
  return differing
}
