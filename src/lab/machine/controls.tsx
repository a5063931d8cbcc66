/** What moves the machine: on, until a cycle, back to what was kept. */
import { Text } from './choose.js'
import type { Desk, State } from './desk.js'
import { grouped, sizeText } from './words.js'

export function Controls({ desk, state }: { desk: Desk; state: State }) {
  const { view, form, busy } = state
  const running = view?.running ?? false
  const none = view === null || busy
  return (
    <section class="stage controls" aria-label="Run">
      <div class="tools">
        {running ? (
          <button type="button" class="main" id="stop" onClick={() => desk.stop()}>
            Stop
          </button>
        ) : (
          <button
            type="button"
            class="main"
            id="run"
            disabled={none || view.end !== null}
            onClick={() => desk.run()}
          >
            Run on
          </button>
        )}
        <Text id="until" label="until cycle" value={form.until} onInput={(until) => desk.fill({ until })} />
        <label class="check">
          <input
            id="paced"
            type="checkbox"
            checked={form.paced}
            onChange={(event) => desk.fill({ paced: event.currentTarget.checked })}
          />{' '}
          no faster than a real one
        </label>
      </div>
      <div class="tools">
        <button type="button" id="keep" disabled={none} onClick={() => desk.keep()}>
          Keep a snapshot
        </button>
        <button
          type="button"
          id="again"
          disabled={none}
          title="From the start to this cycle, with the same keys in the same cycles"
          onClick={() => desk.again()}
        >
          Again, same keys
        </button>
        <button type="button" id="save" disabled={none || running} onClick={() => desk.save()}>
          Save the machine
        </button>
        <button type="button" id="save-console" disabled={!view} onClick={() => desk.saveConsole()}>
          Save the console
        </button>
      </div>
      {view && view.kept.length > 0 && (
        <ul class="kept" aria-label="Snapshots">
          {view.kept.map(({ id, cycles, hash, size }) => (
            <li key={id}>
              <button type="button" data-back={id} disabled={busy} onClick={() => desk.back(id)}>
                Back to cycle {grouped(cycles)}
              </button>{' '}
              <code>{hash}</code> <small>{sizeText(size)}</small>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
