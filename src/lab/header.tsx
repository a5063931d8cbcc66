/** The bar on top: which scenario, the story, the link, the files, the colours. */
import { library } from 'virtual:library'
import { useState } from 'preact/hooks'
import { save } from './files.js'
import type { Lab, State } from './lab.js'
import { ThemeButton } from './theme-button.js'

const SYSTEMS = { xen: 'Xen', kvm: 'KVM', power: 'Power' } as const

export function Header({ lab, state }: { lab: Lab; state: State }) {
  return (
    <header>
      <span class="brand">
        <img src="./icon.svg" alt="" width="26" height="26" />
        <strong>chronovisor</strong> lab
      </span>
      <Picker lab={lab} state={state} />
      <nav aria-label="The page">
        <button type="button" onClick={() => lab.tell(0)}>
          The story
        </button>
        <Share lab={lab} />
        <Files lab={lab} state={state} />
        <a class="button" href="./machine.html">
          Machine
        </a>
        <ThemeButton />
      </nav>
    </header>
  )
}

function Picker({ lab, state }: { lab: Lab; state: State }) {
  return (
    <label class="picker">
      <span>Scenario</span>
      <select
        id="scenario"
        value={state.entry.name}
        onChange={(event) => lab.open(event.currentTarget.value)}
      >
        {Object.entries(SYSTEMS).map(([system, name]) => (
          <optgroup label={name} key={system}>
            {library
              .filter((entry) => entry.system === system)
              .map((entry) => (
                <option value={entry.name} key={entry.name}>
                  {entry.name}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
      {lab.isEdited && (
        <button
          type="button"
          onClick={() => lab.open(state.entry.name)}
          title="Back to the library’s scenario"
        >
          Undo changes
        </button>
      )}
    </label>
  )
}

function Share({ lab }: { lab: Lab }) {
  const [copied, setCopied] = useState('')
  const copy = async () => {
    const url = `${location.origin}${location.pathname}#${await lab.link()}`
    history.replaceState(null, '', url)
    try {
      await navigator.clipboard.writeText(url)
      setCopied('Link copied')
    } catch {
      setCopied('The address holds it')
    }
    setTimeout(() => setCopied(''), 3000)
  }
  return (
    <button type="button" id="share" onClick={copy} aria-live="polite">
      {copied || 'Copy link'}
    </button>
  )
}

const FILES = [
  ['svg', 'Picture (SVG)'],
  ['png', 'Picture (PNG)'],
  ['trace', 'Trace (Perfetto)'],
  ['vcd', 'Trace (VCD)'],
  ['csv', 'Trace (CSV)'],
  ['yaml', 'Scenario (YAML)'],
] as const

function Files({ lab, state }: { lab: Lab; state: State }) {
  return (
    <details class="menu">
      <summary>Save as</summary>
      <ul>
        {FILES.map(([kind, name]) => (
          <li key={kind}>
            <button
              type="button"
              data-export={kind}
              disabled={!state.run}
              onClick={(event) => {
                event.currentTarget.closest('details')!.open = false
                void save(lab, kind)
              }}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}
