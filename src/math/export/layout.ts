/** Lines of generated code. */
const WIDTH = 80

/** `open`, the parts, `close`, on lines of 80 characters; those after the first begin with `next`. */
export function wrapped(
  open: string,
  parts: readonly string[],
  close: string,
  separator = ', ',
  next = ' '.repeat(open.length),
): string[] {
  const lines: string[] = []
  let line = open
  parts.forEach((part, i) => {
    const end = i === parts.length - 1 ? close : separator.trimEnd()
    const empty = line === open || line === next
    const gap = empty ? '' : separator.endsWith(' ') ? ' ' : ''
    if (!empty && line.length + gap.length + part.length + end.length > WIDTH) {
      lines.push(line)
      line = next + part + end
    } else line += gap + part + end
  })
  return [...lines, line]
}
