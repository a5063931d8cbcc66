/** The page from top to bottom. */
import { useEffect, useState } from 'preact/hooks'
import { Checks } from './checks.js'
import { Header } from './header.js'
import { Inspector } from './inspector.js'
import { Knobs } from './knobs.js'
import type { Lab, State } from './lab.js'
import { Stage } from './stage.js'
import { StoryCard } from './story-card.js'
import { Table } from './table.js'

/** Shows the state again whenever it changes. */
function useLab(lab: Lab): State {
  const [state, show] = useState(lab.state)
  useEffect(() => lab.subscribe(() => show(lab.state)), [lab])
  return state
}

export function App({ lab }: { lab: Lab }) {
  const state = useLab(lab)
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the picture
      </button>
      <Header lab={lab} state={state} />
      <main>
        <Title state={state} />
        {state.story !== null && <StoryCard lab={lab} told={state.story} />}
        <div class="work">
          <Knobs lab={lab} state={state} />
          <div class="column">
            <Stage lab={lab} state={state} />
            <Table lab={lab} state={state} />
          </div>
        </div>
        <Inspector lab={lab} state={state} />
        <Checks state={state} />
      </main>
      <footer>
        chronovisor runs here, in this page: nothing is sent anywhere. Every result is the same, bit for bit,
        as <code>chronovisor run</code> gives.
      </footer>
    </>
  )
}

/** No link: the address holds the state, and must not change. */
function skip(): void {
  document.querySelector<HTMLElement>('.plot')?.focus()
}

function Title({ state }: { state: State }) {
  const { run, entry } = state
  return (
    <section class="title" aria-live="polite">
      <h1>{run?.title ?? entry.title}</h1>
      {run?.cite && <p class="cite">{run.cite}</p>}
      {run?.summary && (
        <details>
          <summary>What happens, and why</summary>
          <p>{run.summary}</p>
        </details>
      )}
      {run?.drawn.map(({ path, text, value }) => (
        <p class="cite" key={path}>
          {path}: {value}, drawn from {text} with seed {run.seed}
        </p>
      ))}
      {state.notice !== '' && (
        <p class="notice" role="status">
          {state.notice}
        </p>
      )}
    </section>
  )
}
