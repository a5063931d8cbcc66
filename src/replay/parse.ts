/** The file of a recording: one fact a line, a word and then key=value. docs/replay.md describes it. */
import { ReplayError } from './error.js'
import {
  CLOCKS,
  type ClockName,
  type RecordedClock,
  type RecordedEvent,
  type RecordedGuest,
  type RecordedHost,
  type RecordedPage,
  type Recording,
  type Stay,
} from './recording.js'

/** Everything of a recording is held in memory. */
export const MAX_LINES = 200_000

const U64 = (1n << 64n) - 1n
const S64 = 1n << 63n
const U32 = 0xffff_ffff
/** Xen's scales are made for this; see docs/math.md. */
const MAX_KHZ = 16_000_000

/** One line's fields. What has been taken is known, so that what is left is not. */
class Line {
  readonly #left = new Map<string, string>()

  constructor(
    readonly fileName: string,
    readonly number: number,
    words: readonly string[],
  ) {
    for (const word of words) {
      const at = word.indexOf('=')
      if (at < 1) this.fail(null, `${JSON.stringify(word)} is no field; expected key=value`)
      const key = word.slice(0, at)
      if (this.#left.has(key)) this.fail(key, 'given twice; expected once')
      this.#left.set(key, word.slice(at + 1))
    }
  }

  fail(field: string | null, detail: string): never {
    throw new ReplayError(this.fileName, this.number, field, detail)
  }

  has(key: string): boolean {
    return this.#left.has(key)
  }

  take(key: string): string | null {
    const value = this.#left.get(key) ?? null
    this.#left.delete(key)
    return value
  }

  integer(key: string, low: bigint, high: bigint): bigint {
    return this.#integer(key, this.take(key) ?? this.fail(key, 'missing; expected an integer'), low, high)
  }

  optional<T>(key: string, low: bigint, high: bigint, otherwise: T): bigint | T {
    const text = this.take(key)
    return text === null ? otherwise : this.#integer(key, text, low, high)
  }

  #integer(key: string, text: string, low: bigint, high: bigint): bigint {
    const hex = /^0x[\da-f]{1,16}$/i.test(text)
    const read = hex || /^-?\d{1,20}$/.test(text) ? BigInt(text) : null
    // Xen prints a negative offset as the unsigned number that it is to it.
    const value = read !== null && hex && low < 0n ? BigInt.asIntN(64, read) : read
    if (value === null || value < low || value > high)
      this.fail(key, `${JSON.stringify(text)}; expected an integer from ${low} to ${high}`)
    return value
  }

  word<T extends string>(key: string, words: readonly T[], otherwise?: T): T {
    const text = this.take(key) ?? otherwise ?? this.fail(key, `missing; expected ${words.join(', ')}`)
    if (!words.includes(text as T)) this.fail(key, `${JSON.stringify(text)}; expected ${words.join(', ')}`)
    return text as T
  }

  name(key: string): string {
    const text = this.take(key) ?? this.fail(key, 'missing; expected a name')
    if (!/^[\w.+-]{1,64}$/.test(text))
      this.fail(key, `${JSON.stringify(text)}; expected a name of letters, digits and . _ + -`)
    return text
  }

  /** `A..B` */
  span(key: string): readonly [bigint, bigint] {
    const text = this.take(key)!
    const [from, until, more] = text.split('..')
    if (until === undefined || more !== undefined)
      this.fail(key, `${JSON.stringify(text)}; expected two integers, before and after the reading: A..B`)
    return [this.#integer(key, from!, 0n, U64), this.#integer(key, until, 0n, U64)]
  }

  end(): void {
    const [key] = this.#left.keys()
    if (key !== undefined) this.fail(key, 'unknown here; expected a field that docs/replay.md lists')
  }
}

/** Reads a recording. @throws ReplayError for the first thing that is wrong */
export function parseRecording(text: string, fileName: string): Recording {
  const fail = (line: number | null, detail: string): never => {
    throw new ReplayError(fileName, line, null, detail)
  }
  const lines = text.split(/\r?\n/)
  if (lines.length > MAX_LINES) fail(null, `${lines.length} lines; expected at most ${MAX_LINES}`)
  const hosts = new Map<string, RecordedHost>()
  const stays: { -readonly [key in keyof Stay]: Stay[key] extends readonly (infer T)[] ? T[] : Stay[key] }[] =
    []
  let begun = false
  let title: string | null = null
  let source: string | null = null
  let guest: RecordedGuest | null = null

  for (const [i, raw] of lines.entries()) {
    const number = i + 1
    const content = raw.replace(/(^|\s)#.*$/, '').trim()
    if (content === '') continue
    const [word, ...rest] = content.split(/\s+/) as [string, ...string[]]
    if (!begun) {
      if (content !== 'recording 1')
        fail(number, `${JSON.stringify(content.slice(0, 60))}; expected the first line "recording 1"`)
      begun = true
      continue
    }
    if (word === 'title' || word === 'source') {
      const said = raw.trim().slice(word.length).trim()
      if ((word === 'title' ? title : source) !== null) fail(number, `a second ${word}; expected one`)
      if (word === 'title') title = said
      else source = said
      continue
    }
    const line = new Line(fileName, number, rest)
    const stay = stays.at(-1)
    switch (word) {
      case 'host': {
        const host = hostOf(line)
        if (hosts.has(host.name)) line.fail('name', `a second host ${host.name}; expected another name`)
        hosts.set(host.name, host)
        break
      }
      case 'guest': {
        if (guest) line.fail(null, 'a second guest; expected one')
        const host = hostNamed(line, 'on', hosts)
        guest = guestOf(line, host)
        stays.push({ host, event: null, items: [] })
        break
      }
      case 'page':
      case 'clock':
        if (!stay) return line.fail(null, `a ${word} before the guest; expected a line "guest" above it`)
        stay.items.push(word === 'page' ? pageOf(line) : clockOf(line))
        break
      case 'event': {
        if (!stay) return line.fail(null, 'an event before the guest; expected a line "guest" above it')
        if (stay.items.length === 0)
          line.fail(null, 'nothing was seen since the guest came here; expected a page or a clock above it')
        const host = hostNamed(line, 'to', hosts)
        stays.push({ host, event: eventOf(line), items: [] })
        break
      }
      default:
        line.fail(
          null,
          `${JSON.stringify(word.slice(0, 20))}; expected host, guest, page, clock, event, title or source`,
        )
    }
    line.end()
  }
  if (!begun) fail(null, 'it is empty; expected the first line "recording 1"')
  if (!guest) return fail(lines.length, 'no line "guest"; expected one')
  if (stays.at(-1)!.items.length === 0)
    fail(lines.length, 'nothing was seen at the end; expected a page or a clock')
  for (const { items } of stays) needPage(fileName, items)
  return { fileName, title: title ?? fileName, source, guest, stays }
}

/** A reading by the TSC needs a page that tells what time that is. */
function needPage(fileName: string, items: Stay['items']): void {
  for (const item of items) {
    if (item.kind === 'page') return
    if (item.by === 'tsc')
      throw new ReplayError(
        fileName,
        item.line,
        'tsc',
        'no page of this host above it; expected one, or now=A..B',
      )
  }
}

function hostNamed(line: Line, key: string, hosts: ReadonlyMap<string, RecordedHost>): RecordedHost {
  const name = line.name(key)
  const known = [...hosts.keys()].join(', ') || 'a line "host" above it'
  return hosts.get(name) ?? line.fail(key, `there is no host ${name}; expected ${known}`)
}

function hostOf(line: Line): RecordedHost {
  return {
    line: line.number,
    name: line.name('name'),
    tscKhz: Number(line.integer('tsc_khz', 1n, BigInt(MAX_KHZ))),
    reliable: line.word('reliable', ['0', '1'], '0') === '1',
    stable: line.word('stable', ['0', '1'], '0') === '1',
    wallNs: line.optional('wall', 0n, S64 - 1n, null),
    wallErrorNs: line.optional('wall_error', 0n, S64 - 1n, 0n),
  }
}

function guestOf(line: Line, host: RecordedHost): RecordedGuest {
  const kind = line.word('kind', ['pv', 'pvh'])
  const guest = {
    line: line.number,
    kind,
    tscMode: Number(line.word('tsc_mode', ['0', '1', '2'])) as 0 | 1 | 2,
    tscKhz: Number(line.optional('tsc_khz', 1n, BigInt(U32), BigInt(host.tscKhz))),
    hz: Number(line.word('hz', ['100', '250', '300', '1000'], '250')),
    vtscOffset: line.optional('vtsc_offset', -S64, S64 - 1n, null),
    sleepNs: line.optional('sleep', 1n, S64 - 1n, null),
    lateNs: line.optional('late', 0n, S64 - 1n, 0n),
  }
  if (guest.vtscOffset !== null && kind !== 'pv')
    line.fail('vtsc_offset', 'a PVH guest has none; expected it with kind=pv')
  return guest
}

function pageOf(line: Line): RecordedPage {
  const version = line.optional('version', 0n, BigInt(U32), null)
  return {
    kind: 'page',
    line: line.number,
    version: version === null ? null : Number(version),
    tsc_timestamp: line.integer('tsc_timestamp', 0n, U64),
    system_time: line.integer('system_time', 0n, S64 - 1n),
    tsc_to_system_mul: Number(line.integer('tsc_to_system_mul', 1n, BigInt(U32))),
    tsc_shift: Number(line.integer('tsc_shift', -31n, 31n)),
    flags: Number(line.optional('flags', 0n, 255n, 0n)),
  }
}

function clockOf(line: Line): RecordedClock {
  const given = CLOCKS.filter((name) => line.has(name))
  const [clock] = given as [ClockName?]
  if (clock === undefined || given.length > 1)
    return line.fail(null, `expected one of ${CLOCKS.map((name) => `${name}=ns`).join(', ')}`)
  const ns = line.integer(clock, 0n, S64 - 1n)
  const by = line.has('tsc') ? 'tsc' : line.has('now') ? 'now' : null
  if (by === null) return line.fail(null, 'when was it read? expected tsc=A..B or now=A..B')
  const [from, until] = line.span(by)
  if (BigInt.asIntN(64, until - from) < 0n)
    line.fail(by, `${from}..${until} goes back; expected the earlier one first`)
  return {
    kind: 'clock',
    line: line.number,
    clock,
    ns,
    by,
    from,
    until,
    errorNs: line.optional('error', 0n, S64 - 1n, 0n),
  }
}

function eventOf(line: Line): RecordedEvent {
  return {
    line: line.number,
    kind: line.word('kind', ['save-restore', 'migrate']),
    nsec: line.optional('nsec', 0n, U64, null),
    tsc: line.optional('tsc', 0n, U64, null),
    vtscOffset: line.optional('vtsc_offset', -S64, S64 - 1n, null),
    resumed: line.optional('resumed', 0n, S64 - 1n, null),
    errorNs: line.optional('error', 0n, S64 - 1n, 0n),
  }
}
