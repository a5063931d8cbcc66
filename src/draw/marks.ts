/** What was done to a guest, as marks on the axis of true time. */
import type { EventKind } from '../scenario/types.js'
import type { EventMark, GuestResult, RunResult } from '../world/result.js'

export interface Mark extends EventMark {
  /** One letter, to stand at the mark. */
  readonly letter: string
}

const LETTERS: Readonly<Record<EventKind, string>> = {
  boot: 'B',
  pause: 'P',
  resume: 'R',
  save: 'S',
  restore: 'R',
  migrate: 'M',
  reboot: 'B',
  'set-wall': 'W',
  'ntp-step': 'N',
  'ntp-slew': 'N',
  'host-suspend': 'H',
  'tsc-step': 'J',
  'set-tsc': 'J',
  'agent-settime': 'A',
  'guest-ntp-step': 'G',
  'guest-ntp-slew': 'G',
  'rtc-resync': 'C',
  steal: 'T',
  'tell-frequency': 'F',
}

/** Marks of the guest and of every host that it was on, in the order of time. A boot at 0 is no news. */
export function marksOf(guest: GuestResult, { marks, scenario }: RunResult): Mark[] {
  const hosts = new Set(guest.stops.flatMap(({ fromHost, toHost }) => [fromHost, toHost]))
  hosts.add(scenario.guests.find(({ name }) => name === guest.name)!.on)
  return marks
    .filter((mark) => {
      if (mark.kind === 'boot' && mark.atNs === 0n) return false
      return mark.guest !== undefined
        ? mark.guest === guest.name
        : mark.host === undefined || hosts.has(mark.host)
    })
    .map((mark) => ({ ...mark, letter: LETTERS[mark.kind as EventKind] ?? '•' }))
}
