import type { ComponentChildren } from 'preact'

/** What may be wider than the page: it scrolls by itself, with the keyboard too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: not every browser lets the keyboard into what only scrolls
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
