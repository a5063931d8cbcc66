/** Policies × checks: which fix cures what. A click on a policy puts its run beside. */
import type { Lab, State } from './lab.js'
import type { Cell } from './protocol.js'
import { Scroll } from './scroll.js'

export function Table({ lab, state }: { lab: Lab; state: State }) {
  const { run, columns } = state
  if (!run || run.compared.length === 0) return null
  const failing = [...new Set(columns.flatMap(({ cells }) => cells.filter(fails).map(({ check }) => check)))]
  const order = columns[0]?.cells.map(({ check }) => check) ?? []
  const rows = [
    ...order.filter((check) => failing.includes(check)),
    ...failing.filter((c) => !order.includes(c)),
  ]
  const good = columns.filter(({ verdict }) => verdict === 'pass').map(({ policy }) => policy)
  const isWhole = columns.length === run.compared.length
  return (
    <section class="table" aria-labelledby="table-title">
      <h2 id="table-title">Which policy holds which check?</h2>
      <Scroll label="Policies and checks">
        <table>
          <thead>
            <tr>
              <th scope="col">check</th>
              {run.compared.map((policy) => (
                <th scope="col" key={policy}>
                  <button
                    type="button"
                    title={columns.find((column) => column.policy === policy)?.title ?? policy}
                    aria-pressed={state.beside === policy}
                    onClick={() => lab.choose({ beside: state.beside === policy ? null : policy })}
                  >
                    {policy}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((check) => (
              <tr key={check}>
                <th scope="row">{check}</th>
                {run.compared.map((policy) => (
                  <TableCell
                    key={policy}
                    cell={columns.find((c) => c.policy === policy)?.cells.find((c) => c.check === check)}
                  />
                ))}
              </tr>
            ))}
            <tr class="verdict">
              <th scope="row">verdict</th>
              {run.compared.map((policy) => {
                const verdict = columns.find((column) => column.policy === policy)?.verdict
                return (
                  <td key={policy} class={verdict ?? ''}>
                    {verdict?.toUpperCase() ?? '…'}
                  </td>
                )
              })}
            </tr>
          </tbody>
        </table>
      </Scroll>
      {isWhole && (
        <p>
          {good.length === 0
            ? 'No policy here holds every check.'
            : `Every check holds under ${good.join(', ')}.`}
        </p>
      )}
    </section>
  )
}

const fails = ({ verdict }: Cell): boolean => verdict === 'fail'
const SIGNS = { pass: '✓', fail: '✗', skip: '–' } as const
const WORDS = { pass: 'holds', fail: 'fails', skip: 'not judged' } as const

function TableCell({ cell }: { cell: Cell | undefined }) {
  if (!cell) return <td>…</td>
  return (
    <td class={cell.verdict} title={cell.message}>
      <span aria-hidden="true">{SIGNS[cell.verdict]}</span>
      <span class="visually-hidden">{WORDS[cell.verdict]}</span> {cell.value}
    </td>
  )
}
