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
  stride: u32
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

const FIELD_BYTES: usize = 24
const OUT_BYTES: usize = 16

@inline
function byte(at: usize): u32 {
  return load<u8>(at)
}

/**
 * Reads whole lines until `capacity` rows are full, the text is over or something is wrong; returns the rows read.
 * The text must end with a line feed. Empty lines are no rows.
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
    at = f.address == 0 ? skip_field(at) : read_field(at, f, row, o)
    let status = at == 0 ? o.status : CSV_READ
    if (at != 0) {
      const more = byte(at) == COMMA
      if (!more && byte(at) == RETURN) at++
      if (!more && byte(at) != LINE_FEED) status = CSV_NOT_A_NUMBER
      else if (more && field == last_field) status = CSV_TOO_MANY
      else if (!more && field != last_field) status = CSV_TOO_FEW
      else if (!more) return at
    }
    if (status != CSV_READ) {
      o.status = status
      o.field = <u32>((field - fields) / FIELD_BYTES)
      return 0
    }
    at++
    field += FIELD_BYTES
  }
}

/** One number, quoted or not; returns the byte after it, or 0 with the reason in CsvOut.status. */
function read_field(start: usize, f: CsvField, row: u32, o: CsvOut): usize {
  let at = start
  const quoted = byte(at) == QUOTE
  if (quoted) at++
  const negative = byte(at) == MINUS
  if (negative) at++
  const first = at
  let value: u64 = 0
  let digit = byte(at) - ZERO
  o.status = CSV_OUT_OF_RANGE
  while (digit <= 9) {
    if (value > u64.MAX_VALUE / 10) return 0
    value *= 10
    if (value > u64.MAX_VALUE - <u64>digit) return 0
    value += <u64>digit
    digit = byte(++at) - ZERO
  }
  o.status = CSV_NOT_A_NUMBER
  if (at == first) return 0
  if (quoted && byte(at++) != QUOTE) return 0
  o.status = CSV_OUT_OF_RANGE
  if (value > (negative ? f.least : f.most)) return 0
  o.status = CSV_READ
  store<u64>(<usize>f.address + <usize>row * <usize>f.stride, negative ? 0 - value : value)
  return at
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
