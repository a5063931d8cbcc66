/** Where the machine stands, in numbers that are the same wherever it runs. */
import type { PowerEnd } from '../../power/machine.js'
import { formatDurationNs } from '../../scenario/units.js'
import type { State } from './desk.js'
import type { View } from './protocol.js'
import { grouped } from './words.js'

const ENDS: Readonly<Record<PowerEnd, string>> = {
  off: 'powered off',
  reboot: 'asks for a reboot',
  halted: 'stopped in a branch to itself with interrupts off',
  time: 'stopped',
  fault: 'fault',
  debug: 'stopped by a debugger',
}

function statusOf({ running, end, fault }: View): string {
  if (fault) return fault
  if (end) return ENDS[end]
  return running ? 'running' : 'stopped'
}

const S = 1_000_000_000n

/** As ISO 8601, to the ns. */
function dayText(ns: bigint): string {
  const whole = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)
  return `${whole}.${`${ns % S}`.padStart(9, '0')}Z`
}

function rowsOf(view: View): [name: string, value: string, explain: string][] {
  const { cycles, cpuHz, idle, timebase, dayNs, pc, mips, hash, keys } = view
  const typed = keys.reduce((sum, { bytes }) => sum + bytes.length, 0)
  return [
    ['Cycles', grouped(cycles), `of ${grouped(cpuHz)} a second; one is an instruction`],
    ['Guest time', formatDurationNs((cycles * S) / cpuHz), 'since it was switched on'],
    [
      'Idle',
      cycles === 0n ? '0 %' : `${(Number((idle * 1000n) / cycles) / 10).toFixed(1)} %`,
      'of its cycles',
    ],
    ['TB', grouped(timebase), 'the timebase, as the guest would read it'],
    ['Clock of day', dayText(dayNs), 'the platform’s; it starts at 2026'],
    ['At', `0x${pc.toString(16)}`, 'the next instruction'],
    [
      'Keys',
      `${typed}`,
      keys.length === 0 ? 'typed so far' : `the last in cycle ${grouped(keys.at(-1)!.at)}`,
    ],
    [
      'Speed',
      mips === null ? '…' : `${mips.toFixed(0)} MIPS`,
      'here, while it works; nothing in it depends on that',
    ],
    ['State', hash ?? '…', hash ? 'XXH64 of registers and memory' : 'is told when it stands'],
  ]
}

export function Facts({ state: { view } }: { state: State }) {
  return (
    <section class="stage" aria-labelledby="facts-title">
      <h2 id="facts-title">
        Where it stands: <output id="status">{view ? statusOf(view) : 'nothing is switched on'}</output>
      </h2>
      {view && (
        <table class="rows">
          <tbody>
            {rowsOf(view).map(([name, value, explain]) => (
              <tr key={name}>
                <th scope="row">
                  {name} <small>{explain}</small>
                </th>
                <td>
                  <code data-fact={name}>{value}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
