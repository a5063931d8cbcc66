/** What was judged, check by check, and the picture in words. */
import { shortAt, shortNs, shortPpb } from '../check/format.js'
import type { CheckResult } from '../check/index.js'
import type { State } from './lab.js'
import type { Side } from './protocol.js'
import { Scroll } from './scroll.js'

export function Checks({ state }: { state: State }) {
  if (!state.run) return null
  return (
    <section class="checks" aria-label="Checks, side by side">
      {state.run.sides.map((side, index) => (
        <SideChecks key={index} side={side} />
      ))}
    </section>
  )
}

function SideChecks({ side }: { side: Side }) {
  const judged = side.checks.filter(({ verdict }) => verdict !== 'skip')
  const many = side.guests.length > 1
  return (
    <article>
      <h2>Judged under {side.policy}</h2>
      {side.title !== '' && <p class="hint">{side.title}</p>}
      <ul class="words">
        {side.words.map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
      {side.guests.map(({ name, stateHash }) => (
        <p class="hint" key={name}>
          State of {name} at the end: <code data-hash={name}>{stateHash || 'switched off'}</code>, the same
          wherever this runs
        </p>
      ))}
      <details>
        <summary>All {judged.length} checks</summary>
        <Scroll label={`Checks under ${side.policy}`}>
          <table>
            <thead>
              <tr>
                {many && <th scope="col">guest</th>}
                <th scope="col">check</th>
                <th scope="col">worst</th>
                <th scope="col">limit</th>
                <th scope="col">at</th>
                <th scope="col">in words</th>
              </tr>
            </thead>
            <tbody>
              {judged.map((check) => (
                <tr key={`${check.guest} ${check.id}`}>
                  {many && <td>{check.guest}</td>}
                  <th scope="row" class={check.verdict}>
                    {check.verdict === 'fail' ? '✗' : '✓'} {check.id}
                  </th>
                  <td>{shown(check.value, check)}</td>
                  <td>{shown(check.limit, check)}</td>
                  <td>{check.atTrueNs === null ? '' : shortAt(check.atTrueNs)}</td>
                  <td>{check.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </article>
  )
}

function shown(value: bigint | null, { unit }: CheckResult): string {
  if (value === null) return ''
  return unit === 'ns' ? shortNs(value) : unit === 'ppb' ? shortPpb(value) : `${value}`
}
