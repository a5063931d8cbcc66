/** The guest's console: what it printed, and keys for it. */
import { useState } from 'preact/hooks'
import { shownText } from './console-text.js'
import type { Desk, State } from './desk.js'

const KEYS: Readonly<Record<string, string>> = {
  Enter: '\r',
  Backspace: '\x7f',
  Escape: '\x1b',
  Delete: '\x1b[3~',
  ArrowUp: '\x1b[A',
  ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C',
  ArrowLeft: '\x1b[D',
}

/** What a terminal sends for a key; null: the key is the page's. Tab stays the page's, so that the keyboard gets out. */
export function keyText({ key, ctrlKey, altKey, metaKey }: KeyboardEvent): string | null {
  if (metaKey || altKey) return null
  if (ctrlKey) return /^[a-z]$/i.test(key) && !/^[cv]$/i.test(key) ? control(key) : null
  return KEYS[key] ?? ([...key].length === 1 ? key : null)
}

const control = (letter: string): string => String.fromCharCode(letter.toUpperCase().charCodeAt(0) - 64)

export function Screen({ desk, state }: { desk: Desk; state: State }) {
  const [line, setLine] = useState('')
  return (
    <section class="stage" aria-labelledby="console-title">
      <h2 id="console-title">Its console</h2>
      <div
        id="console"
        role="log"
        aria-label="What the guest printed; keys go to it"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes keys, and scrolls
        tabIndex={0}
        onKeyDown={(event) => {
          const text = keyText(event)
          if (text === null || !state.view) return
          event.preventDefault()
          desk.type(text)
        }}
        onPaste={(event) => desk.type(event.clipboardData?.getData('text') ?? '')}
      >
        <pre>{shownText(state.text)}</pre>
      </div>
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault()
          desk.type(`${line}\n`)
          setLine('')
        }}
      >
        <label class="type">
          <span>A line for it</span>
          <input
            id="line"
            type="text"
            value={line}
            autocapitalize="off"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setLine(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={!state.view}>
          Type it
        </button>
      </form>
    </section>
  )
}
