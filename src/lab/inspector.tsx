/** Hosts and guests at the instant of the pointer: clocks, registers, and the bytes through which time is told. */
import { useState } from 'preact/hooks'
import type { Lab, State } from './lab.js'
import type { Field, Instant, Row, Structure } from './protocol.js'
import { instantText } from './words.js'

export function Inspector({ lab, state }: { lab: Lab; state: State }) {
  const { instant, run } = state
  if (!run || !instant) return null
  return (
    <section class="inspector" aria-labelledby="instant-title">
      <div class="head">
        <h2 id="instant-title">
          At <span id="instant">{instantText(instant.atNs)}</span>
        </h2>
        {run.sides.length > 1 && (
          <nav class="tabs" aria-label="Under which policy">
            {run.sides.map((side, index) => (
              <button
                type="button"
                key={index}
                aria-pressed={state.side === index}
                onClick={() => lab.inspect(index)}
              >
                {side.policy}
              </button>
            ))}
          </nav>
        )}
      </div>
      <div class="things">
        <div>
          {instant.hosts.map((host) => (
            <article key={host.name} data-host={host.name}>
              <h3>
                host {host.name} <small>{host.hypervisor}</small>
              </h3>
              <Rows rows={host.rows} />
            </article>
          ))}
        </div>
        <div>
          {instant.guests.map((guest) => (
            <Guest key={guest.name} guest={guest} />
          ))}
        </div>
      </div>
      {instant.guests.map(({ name, structures }) =>
        structures.map((structure) => (
          <Bytes
            key={`${name} ${structure.title}`}
            guest={instant.guests.length > 1 ? name : ''}
            structure={structure}
          />
        )),
      )}
    </section>
  )
}

function Guest({ guest }: { guest: Instant['guests'][number] }) {
  return (
    <article data-guest={guest.name}>
      <h3>
        guest {guest.name} <small>{guest.where}</small>
      </h3>
      <Rows rows={guest.rows} />
    </article>
  )
}

function Rows({ rows }: { rows: readonly Row[] }) {
  if (rows.length === 0) return null
  return (
    <table class="rows">
      <tbody>
        {rows.map(({ name, value, off, explain }) => (
          <tr key={name} title={explain}>
            <th scope="row">
              {name}
              <small>{explain}</small>
            </th>
            <td>
              <code>{value}</code>
              {off !== null && <span class={off === 'right' ? 'off' : 'off wrong'}>{off}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The bytes of a structure beside its fields: one shows which the other is. */
function Bytes({ guest, structure }: { guest: string; structure: Structure }) {
  const [chosen, choose] = useState<string | null>(null)
  const { title, source, address, bytes, fields } = structure
  const of = (index: number): Field | undefined =>
    fields.find(({ offset, size }) => index >= offset && index < offset + size)
  return (
    <article class="bytes">
      <h3>
        {guest} {title}{' '}
        <small>
          at guest address 0x{address.toString(16)}; {source}
        </small>
      </h3>
      <div class="both">
        <p class="hex">
          {Array.from(bytes, (byte, index) => {
            const field = of(index)
            const kind = field
              ? field.name === chosen
                ? 'chosen'
                : `shade-${fields.indexOf(field) % 2}`
              : 'none'
            return (
              <span
                key={index}
                class={kind}
                title={field?.name ?? 'no part of it'}
                onPointerEnter={() => choose(field?.name ?? null)}
              >
                {byte.toString(16).padStart(2, '0')}
              </span>
            )
          })}
        </p>
        <table class="rows">
          <tbody>
            {fields.map(({ name, offset, value, explain }) => (
              <tr
                key={name}
                class={name === chosen ? 'chosen' : ''}
                data-field={name}
                onPointerEnter={() => choose(name)}
                onPointerLeave={() => choose(null)}
              >
                <th scope="row">
                  <span>
                    <span class="offset">+{offset}</span> {name}
                  </span>
                  <small>{explain}</small>
                </th>
                <td>
                  <code>{value}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </article>
  )
}
