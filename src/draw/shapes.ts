/** The few words of SVG that pictures are made of, as text. Numbers are px, rounded to a hundredth. */

export type Attributes = Readonly<Record<string, string | number>>

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escapeXml(value)}"`)
    .join('')
  const content = children.join('')
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`
}

export function text(
  x: number,
  y: number,
  kind: string,
  content: string,
  attributes: Attributes = {},
): string {
  return element('text', { x, y, class: kind, ...attributes }, escapeXml(content))
}

/** A shape with what a pointer on it tells. */
export function told(name: string, attributes: Attributes, tip: string): string {
  return element(name, attributes, element('title', {}, escapeXml(tip)))
}

export function px(value: number): string {
  return `${Math.round(value * 100) / 100}`
}

// A control character that XML forbids would make the whole picture unreadable.
const FORBIDDEN = /[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu

export function escapeXml(content: string): string {
  return content
    .replace(FORBIDDEN, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export interface Span {
  readonly x: number
  readonly width: number
}

/** Spans that touch become one, so a million of them are no more shapes than a picture is wide. In any order. */
export function merged(spans: readonly Span[], gap = 0.5): Span[] {
  const sorted = [...spans].sort((a, b) => a.x - b.x)
  const all: { x: number; width: number }[] = []
  for (const { x, width } of sorted) {
    const last = all.at(-1)
    if (last && x <= last.x + last.width + gap) last.width = Math.max(last.width, x + width - last.x)
    else all.push({ x, width })
  }
  return all
}
