/** What is switched on: a guest that comes with the page, or files, and with how much memory. */
import type { Desk, State } from './desk.js'
import { BUILT_IN, FIRST_PROCESS } from './guests.js'
import { sizeText } from './words.js'

const MEMORIES = [16, 64, 256, 512, 1024, 1536]
const CPUS = [1, 2, 3, 4]

export function Choose({ desk, state }: { desk: Desk; state: State }) {
  const { form, files } = state
  return (
    <section class="knobs" aria-labelledby="choose-title">
      <h2 id="choose-title">The guest</h2>
      <label class="field">
        <span>Program</span>
        <select
          id="guest"
          value={form.guest}
          onChange={(event) => desk.fill({ guest: event.currentTarget.value, memoryMib: 16 })}
        >
          {BUILT_IN.map(({ name, title }) => (
            <option value={name} key={name}>
              {name}: {title}
            </option>
          ))}
          <option value="">{files ? files.program.name : 'from files'}</option>
        </select>
      </label>
      <label class="field">
        <span>Files, to choose or to drop anywhere</span>
        <input
          id="files"
          type="file"
          multiple
          aria-describedby="files-hint"
          onChange={(event) => {
            const { currentTarget } = event
            void desk.take([...(currentTarget.files ?? [])]).then(() => {
              currentTarget.value = ''
            })
          }}
        />
      </label>
      <p class="hint" id="files-hint">
        An ELF program for Power; a Linux kernel, with its RAM disk; a saved machine.{' '}
        <code>npm run -s guests:fetch -- linux-6.1</code> says where Debian’s kernel is.
      </p>
      {form.guest === '' && files && <Files state={state} />}
      <div class="pair">
        <Select
          id="memory"
          label="Memory"
          value={form.memoryMib}
          values={MEMORIES}
          text={(mib) => (mib < 1024 ? `${mib} MiB` : `${mib / 1024} GiB`)}
          onChange={(memoryMib) => desk.fill({ memoryMib })}
        />
        <Select
          id="cpus"
          label="vCPUs"
          value={form.cpus}
          values={CPUS}
          text={(count) => `${count}`}
          onChange={(cpus) => desk.fill({ cpus })}
        />
      </div>
      <Text
        id="append"
        label="Command line"
        value={form.append}
        onInput={(append) => desk.fill({ append })}
      />
      <label class="field">
        <span>Typed from the start on, as fast as it reads</span>
        <textarea
          id="input"
          rows={2}
          value={form.input}
          spellcheck={false}
          onInput={(event) => desk.fill({ input: event.currentTarget.value })}
        />
      </label>
      <button type="button" class="main" id="boot" disabled={state.busy} onClick={() => void desk.boot()}>
        Switch on
      </button>
    </section>
  )
}

function Files({ state: { files } }: { state: State }) {
  const { program, initrd, isKernel } = files!
  return (
    <dl class="files">
      <dt>{isKernel ? 'Kernel' : 'Program'}</dt>
      <dd>
        {program.name} <small>{sizeText(program.bytes.length)}</small>
      </dd>
      {(initrd || isKernel) && (
        <>
          <dt>RAM disk</dt>
          <dd>
            {initrd ? initrd.name : `${FIRST_PROCESS.name}, which tells its clocks`}{' '}
            {initrd && <small>{sizeText(initrd.bytes.length)}</small>}
          </dd>
        </>
      )}
    </dl>
  )
}

interface Choice {
  readonly id: string
  readonly label: string
  readonly value: number
  readonly values: readonly number[]
  readonly text: (value: number) => string
  readonly onChange: (value: number) => void
}

function Select({ id, label, value, values, text, onChange }: Choice) {
  return (
    <label class="field">
      <span>{label}</span>
      <select id={id} value={value} onChange={(event) => onChange(Number(event.currentTarget.value))}>
        {values.map((one) => (
          <option value={one} key={one}>
            {text(one)}
          </option>
        ))}
      </select>
    </label>
  )
}

interface Line {
  readonly id: string
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
}

export function Text({ id, label, value, onInput }: Line) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        id={id}
        type="text"
        value={value}
        spellcheck={false}
        autocomplete="off"
        // Each key: the page is drawn anew while the machine runs, with what the state holds.
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  )
}
