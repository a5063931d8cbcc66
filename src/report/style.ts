/** How text gets its colours and its lines. */

/** Colours and weights, or nothing at all where the output is not a terminal. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly accent: (text: string) => string
}

const sgr = (code: number, end: number) => (text: string) => `\x1b[${code}m${text}\x1b[${end}m`
const asIs = (text: string) => text

export const plain: Style = { bold: asIs, dim: asIs, good: asIs, bad: asIs, accent: asIs }

export const coloured: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  good: sgr(32, 39),
  bad: sgr(31, 39),
  accent: sgr(36, 39),
}

export const WIDTH = 80

/** Breaks text at spaces into lines of at most `width`, each after the first behind `indent` spaces. */
export function wrap(text: string, indent = 0, width = WIDTH): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    const space = lines.length === 0 ? width : width - indent
    if (line !== '' && line.length + 1 + word.length > space) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((one, i) => (i === 0 ? one : ' '.repeat(indent) + one))
}
