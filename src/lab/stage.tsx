/** The picture, one side or two, with what moves it: zoom, pan, the instant, steps. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { shortAt } from '../check/format.js'
import { parseDurationNs } from '../scenario/units.js'
import type { Lab, State } from './lab.js'
import { Plot } from './plot.js'
import type { Grain, Side } from './protocol.js'
import { instantText } from './words.js'

export function Stage({ lab, state }: { lab: Lab; state: State }) {
  const { run, busy } = state
  return (
    <section
      id="stage"
      class={busy ? 'stage busy' : 'stage'}
      aria-label="Clocks minus true time"
      aria-busy={busy}
    >
      <Toolbar lab={lab} state={state} />
      <div class={run && run.sides.length > 1 ? 'sides two' : 'sides'}>
        {run?.sides.map((side, index) => (
          <article class="side" key={index} data-side={index}>
            <SideHead side={side} />
            <Plot lab={lab} state={state} side={index} words={side.words} />
          </article>
        ))}
        {!run && !state.problem && <p class="loading">Running…</p>}
        {!run && state.problem && <p class="problem">{state.problem.message}</p>}
      </div>
      <Steps lab={lab} state={state} />
    </section>
  )
}

function SideHead({ side }: { side: Side }) {
  const failed = [...new Set(side.checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id))]
  return (
    <h2 class="side-head">
      <span class={`badge ${side.verdict}`}>{side.verdict === 'pass' ? '✓ PASS' : '✗ FAIL'}</span>
      <span class="policy">{side.policy}</span>
      <small>{side.verdict === 'pass' ? 'every check holds' : failed.join(', ')}</small>
    </h2>
  )
}

function Tool({ label, act, children }: { label: string; act: () => void; children: ComponentChildren }) {
  return (
    <button type="button" title={label} aria-label={label} onClick={act}>
      {children}
    </button>
  )
}

function Toolbar({ lab, state }: { lab: Lab; state: State }) {
  const { fromNs, untilNs } = lab.window
  const quarter = (untilNs - fromNs) / 4n
  return (
    <div class="tools" role="toolbar" aria-label="The stretch of time">
      <Tool label="Earlier" act={() => lab.pan(-quarter)}>
        ←
      </Tool>
      <Tool label="Zoom in" act={() => lab.zoom(0.5)}>
        +
      </Tool>
      <Tool label="Zoom out" act={() => lab.zoom(2)}>
        −
      </Tool>
      <Tool label="Later" act={() => lab.pan(quarter)}>
        →
      </Tool>
      <Tool label="Fit all of the run" act={() => lab.show(null)}>
        Fit
      </Tool>
      <span class="span">{state.run ? `${shortAt(fromNs)} to ${shortAt(untilNs)}` : ''}</span>
      <span class="hint">drag to pan, Ctrl + wheel or pinch to zoom, click to look</span>
    </div>
  )
}

const GRAINS: Readonly<Record<Grain, string>> = {
  machine: 'every event',
  quiet: 'all but readings',
  scenario: 'the scenario’s events',
}

function Steps({ lab, state }: { lab: Lab; state: State }) {
  return (
    <div class="steps" role="toolbar" aria-label="Step from event to event">
      <button type="button" id="step-back" disabled={!state.run} onClick={() => void lab.step(false)}>
        ◀ Step back
      </button>
      <button type="button" id="step-on" disabled={!state.run} onClick={() => void lab.step(true)}>
        Step ▶
      </button>
      <label>
        <span class="visually-hidden">Step to</span>
        <select
          id="grain"
          value={state.grain}
          onChange={(event) => lab.setGrain(event.currentTarget.value as Grain)}
        >
          {Object.entries(GRAINS).map(([grain, name]) => (
            <option value={grain} key={grain}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <InstantField lab={lab} atNs={state.atNs} />
      <output id="stepped">{state.stepped.join('; ')}</output>
    </div>
  )
}

/** The instant, to be typed. What is no duration is left as it was. */
function InstantField({ lab, atNs }: { lab: Lab; atNs: bigint | null }) {
  const [wrong, setWrong] = useState(false)
  const text = atNs === null ? '' : instantText(atNs)
  return (
    <label class="instant">
      at{' '}
      <input
        id="at"
        type="text"
        key={text}
        defaultValue={text}
        aria-invalid={wrong}
        spellcheck={false}
        autocomplete="off"
        onChange={(event) => {
          try {
            lab.point(parseDurationNs(event.currentTarget.value))
            setWrong(false)
          } catch {
            setWrong(true)
          }
        }}
      />
    </label>
  )
}
