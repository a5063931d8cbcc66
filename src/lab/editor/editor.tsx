/**
 * The text of the scenario: a plain text area, so that keys, screen readers and phones do what they always do, over
 * a layer that paints the same text. Keys and words of the schema are offered as one types; what is wrong is told at
 * its line.
 */
import { policyNames, schema } from 'virtual:library'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Lab, State } from '../lab.js'
import type { Problem } from '../protocol.js'
import { type Completion, completionAt } from './complete.js'
import { piecesOf } from './paint.js'

/** After the last key that changes the text. */
const PAUSE_MS = 250

export function Editor({ lab, state }: { lab: Lab; state: State }) {
  const [text, setText] = useState(state.text)
  const [offer, setOffer] = useState<Completion | null>(null)
  const [chosen, choose] = useState(0)
  const area = useRef<HTMLTextAreaElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  // What was sent from here comes back, and may by then be older than what is typed.
  const sent = useRef(state.text)
  useEffect(() => {
    if (state.text === sent.current) return
    sent.current = state.text
    setText(state.text)
  }, [state.text])
  const lines = text.split('\n')

  const change = (changed: string) => {
    setText(changed)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      sent.current = changed
      lab.edit(changed)
    }, PAUSE_MS)
  }
  const look = (asked: boolean) => {
    const { value, selectionStart, selectionEnd } = area.current!
    const found =
      selectionStart === selectionEnd ? completionAt(value, selectionStart, schema, policyNames) : null
    choose(0)
    setOffer(found && (asked || found.from < selectionStart) ? found : null)
  }
  const take = (index: number) => {
    const { label } = offer!.options[index]!
    insert(area.current!, offer!.from, label)
    setOffer(null)
    change(area.current!.value)
  }
  return (
    <div class="editor">
      <div class="pane">
        <Under lines={lines} problem={state.problem} />
        <textarea
          ref={area}
          id="yaml"
          value={text}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          wrap="off"
          rows={lines.length}
          aria-label="The scenario as YAML. Control and space offers what can stand at the caret."
          aria-autocomplete="list"
          aria-controls={offer ? 'offers' : undefined}
          aria-activedescendant={offer ? `offer-${chosen}` : undefined}
          aria-invalid={state.problem !== null}
          aria-describedby="yaml-problem"
          onInput={(event) => {
            change(event.currentTarget.value)
            look(false)
          }}
          onBlur={() => setOffer(null)}
          onClick={() => setOffer(null)}
          onKeyDown={(event) => {
            if (event.key === ' ' && event.ctrlKey) {
              event.preventDefault()
              look(true)
            } else if (
              offer &&
              offered(event.key, offer, chosen, { choose, take, close: () => setOffer(null) })
            ) {
              event.preventDefault()
            }
          }}
        />
        {offer && <Offers offer={offer} text={text} chosen={chosen} take={take} />}
      </div>
      <p id="yaml-problem" class="problem" role="alert">
        {state.problem && problemText(state.problem)}
      </p>
      {state.problem?.line != null && (
        <button type="button" onClick={() => goTo(area.current!, state.problem!)}>
          Go to line {state.problem.line}
        </button>
      )}
    </div>
  )
}

function problemText({ line, column, message }: Problem): string {
  return line === null ? message : `Line ${line}, column ${column}: ${message}`
}

/** Puts it there as if it had been typed, so that undo undoes it. */
function insert(area: HTMLTextAreaElement, from: number, label: string): void {
  area.focus()
  area.setSelectionRange(from, area.selectionStart)
  if (!document.execCommand('insertText', false, label))
    area.setRangeText(label, from, area.selectionEnd, 'end')
}

function goTo(area: HTMLTextAreaElement, { line, column }: Problem): void {
  const before = area.value.split('\n').slice(0, line! - 1)
  const at = before.reduce((sum, one) => sum + one.length + 1, 0) + (column ?? 1) - 1
  area.focus()
  area.setSelectionRange(at, at)
}

interface Doing {
  choose(index: number): void
  take(index: number): void
  close(): void
}

/** Whether the key was for the list of offers. */
function offered(
  key: string,
  { options }: Completion,
  chosen: number,
  { choose, take, close }: Doing,
): boolean {
  switch (key) {
    case 'ArrowDown':
      choose((chosen + 1) % options.length)
      return true
    case 'ArrowUp':
      choose((chosen + options.length - 1) % options.length)
      return true
    case 'Enter':
    case 'Tab':
      take(chosen)
      return true
    case 'Escape':
      close()
      return true
    default:
      return false
  }
}

/** Line numbers, the painted text, and the line that is wrong. */
function Under({ lines, problem }: { lines: readonly string[]; problem: Problem | null }) {
  return (
    <pre class="under" aria-hidden="true">
      {lines.map((line, index) => {
        const isWrong = problem?.line === index + 1
        return (
          <div key={index} class={isWrong ? 'wrong' : ''} data-line={index + 1}>
            {piecesOf(line).map(({ text, kind }, i) => (
              <span key={i} class={kind}>
                {text}
              </span>
            ))}
            {'\n'}
          </div>
        )
      })}
    </pre>
  )
}

interface OffersProps {
  readonly offer: Completion
  readonly text: string
  readonly chosen: number
  take(index: number): void
}

function Offers({ offer, text, chosen, take }: OffersProps) {
  const before = text.slice(0, offer.from).split('\n')
  const list = useRef<HTMLDivElement>(null)
  useEffect(
    () => list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }),
    [chosen],
  )
  const style = {
    top: `calc(${before.length} * var(--line) + 8px)`,
    left: `calc(3.4em + ${before.at(-1)!.length}ch)`,
  }
  return (
    <div id="offers" class="offers" role="listbox" aria-label="What can stand here" ref={list} style={style}>
      {offer.options.map(({ label, detail }, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the text area's, which keeps the focus
        <div
          key={label}
          id={`offer-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === chosen}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => take(index)}
        >
          <b>{label}</b> <small>{detail}</small>
        </div>
      ))}
    </div>
  )
}
