/** What can be turned: policies, the values that matter, or the whole text. */
import { useEffect, useState } from 'preact/hooks'
import { formatDurationNs, formatHz, formatPpb } from '../scenario/units.js'
import { Editor } from './editor/editor.js'
import type { Lab, State } from './lab.js'
import type { Knob, Slider } from './protocol.js'

const FORMATS = { duration: formatDurationNs, frequency: formatHz, rate: formatPpb } as const

export function Knobs({ lab, state }: { lab: Lab; state: State }) {
  const [shown, show] = useState<'knobs' | 'text'>('knobs')
  const tab = (name: typeof shown, label: string) => (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      aria-selected={shown === name}
      aria-controls="tab-panel"
      tabIndex={shown === name ? 0 : -1}
      onClick={() => show(name)}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
        const other = name === 'knobs' ? 'text' : 'knobs'
        show(other)
        document.getElementById(`tab-${other}`)?.focus()
      }}
    >
      {label}
    </button>
  )
  return (
    <section class={shown === 'text' ? 'knobs wide' : 'knobs'} aria-label="The scenario">
      <div class="tabs" role="tablist" aria-label="The scenario as">
        {tab('knobs', 'Knobs')}
        {tab('text', 'YAML')}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${shown}`}>
        {shown === 'text' ? <Editor lab={lab} state={state} /> : <Panel lab={lab} state={state} />}
      </div>
      {state.problem && shown === 'knobs' && (
        <p class="problem" role="alert">
          {problemText(state)}
        </p>
      )}
    </section>
  )
}

function problemText({ problem }: State): string {
  const { line, column, message } = problem!
  return line === null ? message : `line ${line}, column ${column}: ${message}`
}

function Panel({ lab, state }: { lab: Lab; state: State }) {
  const { run } = state
  if (!run) return <p class="loading">…</p>
  const groups = [...new Set(run.knobs.map(({ group }) => group))]
  return (
    <>
      <Policies lab={lab} state={state} />
      {run.drawn.length > 0 && <Seed lab={lab} seed={state.seed ?? run.seed} />}
      {groups.map((group) => (
        <fieldset key={group}>
          <legend>{group}</legend>
          {run.knobs
            .filter((knob) => knob.group === group)
            .map((knob) => (
              <KnobRow key={knob.path.join('/')} lab={lab} knob={knob} />
            ))}
        </fieldset>
      ))}
    </>
  )
}

function Policies({ lab, state }: { lab: Lab; state: State }) {
  const run = state.run!
  const options = run.policies.map(({ name, title }) => (
    <option value={name} title={title} key={name}>
      {name}
    </option>
  ))
  const text = (name: string | null) => run.policies.find((policy) => policy.name === name)?.title
  const shown = state.policy ?? run.ownPolicy
  return (
    <fieldset>
      <legend>policy</legend>
      <label class="choice">
        <span>under</span>
        <select
          id="policy"
          value={shown}
          onChange={(event) => lab.choose({ policy: event.currentTarget.value })}
        >
          {options}
        </select>
      </label>
      <p class="hint">{text(shown)}</p>
      <label class="choice">
        <span>beside</span>
        <select
          id="beside"
          value={state.beside ?? ''}
          onChange={(event) => lab.choose({ beside: event.currentTarget.value || null })}
        >
          <option value="">nothing</option>
          {options}
        </select>
      </label>
      {state.beside !== null && <p class="hint">{text(state.beside)}</p>}
    </fieldset>
  )
}

function Seed({ lab, seed }: { lab: Lab; seed: number }) {
  return (
    <fieldset>
      <legend>ranges</legend>
      <label class="choice">
        <span>seed</span>
        <input
          type="number"
          min="0"
          max={Number.MAX_SAFE_INTEGER}
          value={seed}
          onChange={(event) => lab.choose({ seed: event.currentTarget.valueAsNumber || 0 })}
        />
      </label>
    </fieldset>
  )
}

function KnobRow({ lab, knob }: { lab: Lab; knob: Knob }) {
  const id = `knob-${knob.path.join('-')}`
  if (knob.kind === 'choice') {
    return (
      <label class="choice">
        <span>{knob.label}</span>
        <select
          id={id}
          value={knob.text}
          onChange={(event) => void lab.turn(knob, event.currentTarget.value)}
        >
          {knob.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      </label>
    )
  }
  return <Turned lab={lab} knob={knob} id={id} kind={knob.kind} />
}

/** Typed, or slid: while one slides, what is shown is where the slider is. */
function Turned({ lab, knob, id, kind }: { lab: Lab; knob: Knob; id: string; kind: keyof typeof FORMATS }) {
  const [typed, type] = useState(knob.text)
  useEffect(() => type(knob.text), [knob.text])
  // The scale stays while one turns, or the handle would run away from the hand.
  const [scale, setScale] = useState(knob.slider)
  useEffect(() => {
    if (!knob.slider || !scale || !holds(scale, knob.slider.value)) setScale(knob.slider)
  }, [knob.slider])
  const turn = (text: string) => {
    type(text)
    if (text.trim() !== '' && text !== knob.text) void lab.turn(knob, text)
  }
  return (
    <div class="knob">
      <label for={id}>{knob.label}</label>
      <input
        id={id}
        type="text"
        value={typed}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => type(event.currentTarget.value)}
        onChange={(event) => turn(event.currentTarget.value)}
      />
      {scale && knob.slider && (
        <input
          type="range"
          aria-label={`${knob.group}: ${knob.label}`}
          aria-valuetext={typed}
          min={0}
          max={scale.steps}
          value={Number((knob.slider.value - scale.least) / scale.step)}
          onInput={(event) =>
            turn(FORMATS[kind](scale.least + BigInt(event.currentTarget.value) * scale.step))
          }
        />
      )}
    </div>
  )
}

function holds({ least, step, steps }: Slider, value: bigint): boolean {
  return value >= least && value <= least + step * BigInt(steps)
}
