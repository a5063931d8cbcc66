/** The page from top to bottom. */
import { useEffect, useState } from 'preact/hooks'
import { ThemeButton } from '../theme-button.js'
import { Choose } from './choose.js'
import { Clocks } from './clocks-view.js'
import { Controls } from './controls.js'
import type { Desk, State } from './desk.js'
import { Facts } from './facts.js'
import { Screen } from './screen.js'

function useDesk(desk: Desk): State {
  const [state, show] = useState(desk.state)
  useEffect(() => desk.subscribe(() => show(desk.state)), [desk])
  return state
}

export function App({ desk }: { desk: Desk }) {
  const state = useDesk(desk)
  return (
    <>
      <header>
        <span class="brand">
          <img src="./icon.svg" alt="" width="26" height="26" />
          <strong>chronovisor</strong> machine
        </span>
        <nav aria-label="The page">
          <a class="button" href="./index.html">
            Clocks
          </a>
          <ThemeButton />
        </nav>
      </header>
      <main
        class="machine"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault()
          void desk.take([...(event.dataTransfer?.files ?? [])])
        }}
      >
        <section class="title">
          <h1>A Power machine in this page</h1>
          <p class="cite">
            Programs and kernels run here instruction by instruction. The same files and the same keys in the
            same cycles give the same state to the last bit, here and under <code>chronovisor boot</code>.
          </p>
        </section>
        {state.problem !== '' && (
          <p class="problem" role="alert">
            {state.problem}
          </p>
        )}
        <div class="work" aria-busy={state.busy}>
          <Choose desk={desk} state={state} />
          <div class="column">
            <Controls desk={desk} state={state} />
            <Screen desk={desk} state={state} />
            <Clocks desk={desk} state={state} />
            <Facts state={state} />
          </div>
        </div>
      </main>
      <footer>
        The machine runs here, in this page: no file leaves it. It is the package’s own{' '}
        <code>power.wasm</code>.
      </footer>
    </>
  )
}
