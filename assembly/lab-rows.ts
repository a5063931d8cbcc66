/** Rows of 64-bit words in memory, for lab.ts and lab-x86.ts. */

export function get(row: usize, word: usize): u64 {
  return load<u64>(row + (word << 3))
}

export function put(row: usize, word: usize, value: u64): void {
  store<u64>(row + (word << 3), value)
}

/** Calls `work` for each of `count` rows of `words` words. */
export function each(
  rows: usize,
  count: u32,
  scratch: usize,
  words: usize,
  work: (row: usize, scratch: usize) => void,
): void {
  let row = rows
  for (let i: u32 = 0; i < count; i++) {
    work(row, scratch)
    row += words << 3
  }
}
