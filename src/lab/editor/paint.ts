/** The colours of YAML: what a piece of a line is, for the layer under the text. */

export interface Piece {
  readonly text: string
  readonly kind: 'comment' | 'key' | 'text' | 'number' | 'mark' | 'plain'
}

const PIECES =
  /(?<comment>(?:^|(?<=\s))#.*)|(?<text>(?<=^|[\s{[,:-])(?:"(?:\\.|[^"\\])*"?|'[^']*'?))|(?<key>[\w.-]+(?=:(?:\s|$)))|(?<number>(?<![\w.+-])[+-]?\d[\d._]*(?:\s?(?:GHz|MHz|kHz|Hz|ppm|ppb|%|KiB|MiB|GiB|min|ms|us|µs|ns|[ydhs])(?![\w]))?)(?![\w-])|(?<mark>[{}[\],]|^\s*-(?=\s)|:(?=\s|$))/g

export function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const match of line.matchAll(PIECES)) {
    if (match.index > at) pieces.push({ text: line.slice(at, match.index), kind: 'plain' })
    const [kind] = Object.entries(match.groups!).find(([, text]) => text !== undefined)!
    pieces.push({ text: match[0], kind: kind as Piece['kind'] })
    at = match.index + match[0].length
  }
  if (at < line.length) pieces.push({ text: line.slice(at), kind: 'plain' })
  return pieces
}
