/** The known word that a mistyped one most likely stands for, or null where none is near. */
function suggest(written: string, known: readonly string[]): string | null {
  let best: string | null = null
  // A third of the letters may be wrong, but not all of a short word.
  let bestDistance = Math.floor(Math.min(written.length, 30) / 3) + 1
  for (const word of known) {
    if (Math.abs(word.length - written.length) >= bestDistance) continue
    const distance = editDistance(written.toLowerCase(), word.toLowerCase())
    if (distance < bestDistance) {
      best = word
      bestDistance = distance
    }
  }
  return best
}

/** `the kernel "x" (did you mean "y"?)` without the first part: empty where nothing is near. */
export function didYouMean(written: string, known: readonly string[]): string {
  const near = suggest(written, known)
  return near === null ? '' : ` (did you mean ${JSON.stringify(near)}?)`
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row[j] = cost
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
