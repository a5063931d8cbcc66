/**
 * A Perfetto trace, as ui.perfetto.dev opens it.
 *
 *   migrations              a slice for each stop in which a guest was saved or moved
 *   host a                  what happened to it
 *     g                     while g ran there
 *     wall minus true time
 *   guest g                 `on a`, `stopped: migrate`; what was done to it
 *     gettimeofday minus true time
 *     timer: after          a slice a sleep, and within it what it is late
 *     kernel                what the kernel noticed
 *   clock domains           which clock id is which clock
 *
 * Each sample of the world is a ClockSnapshot: true time is Perfetto's boottime (the time of the trace), UTC its
 * realtime, every other clock has an id from 128 on. Clocks in ticks stand there in ticks. A counter is written when
 * it changes.
 */
import type { TraceRow } from '../rows.js'
import type { Sampled } from '../sample.js'
import { BuiltinClock, type EventOptions, EventType, Packets, type TrackOptions } from './packets.js'

/** Ids below are Perfetto's own or belong to one sequence only. */
const FIRST_CLOCK = 128
/** In front of the number of a track: uuids are to be unlike those of other programs. */
const TRACKS = 0x63_68_72_6f_6e_6f_0000n

export function* perfettoChunks({ run }: Sampled, rows: Iterable<TraceRow>): Generator<Uint8Array> {
  const trace = new Trace(run.startWallNs)
  for (const row of rows) {
    trace.add(row)
    yield* trace.taken()
  }
  trace.end(run.endNs)
  yield* trace.taken()
}

class Trace {
  readonly #startWallNs: bigint
  readonly #packets = new Packets()
  #out: Uint8Array[] = []
  readonly #tracks = new Map<string, bigint>()
  /** Slices that are open, by track: how many lie within each other. */
  readonly #open = new Map<bigint, number>()
  readonly #counters = new Map<bigint, bigint>()
  readonly #clockIds = new Map<string, number>()
  #snapshot: { readonly trueNs: bigint; readonly clocks: Map<number, bigint> } | null = null
  #flows = 0n

  constructor(startWallNs: bigint) {
    this.#startWallNs = startWallNs
  }

  taken(): Uint8Array[] {
    const out = this.#out
    this.#out = []
    return out
  }

  add(row: TraceRow): void {
    if (this.#snapshot && (row.event !== 'sample' || row.trueNs !== this.#snapshot.trueNs))
      this.#endSnapshot()
    const { event, trueNs, guest, host, detail } = row
    if (event === 'sample') this.#sample(row)
    else if (event === 'read') this.#read(row)
    else if (event === 'sleep' || event === 'late' || event === 'wake') this.#sleeper(row)
    else if (event === 'boot' || event === 'stop' || event === 'resume') this.#life(row)
    else if (event === 'mark')
      this.#instant(trueNs, guest === '' ? this.#host(host) : this.#guest(guest), detail)
    else this.#kernel(row)
  }

  end(endNs: bigint): void {
    this.#endSnapshot()
    for (const [track, depth] of this.#open) for (let i = 0; i < depth; i++) this.#close(endNs, track)
  }

  // ---- rows

  #read({ trueNs, guest, subject, clock, value, errorNs }: TraceRow): void {
    const parent = this.#guest(guest)
    const judged = errorNs !== null
    const unit = judged || clock === 'steal' ? 'ns' : clock === 'jiffies' ? 'jiffies' : 'ticks'
    const name = judged ? `${subject} minus true time` : subject
    const track = this.#track(`${guest}: clock ${subject}`, name, { parent, counter: unit })
    this.#counter(trueNs, track, errorNs ?? value!)
  }

  #sleeper({ trueNs, event, guest, subject, value, extra, clock }: TraceRow): void {
    const track = this.#track(`${guest}: timer ${subject}`, `timer: ${subject}`, {
      parent: this.#guest(guest),
    })
    if (event === 'sleep') {
      const details = { clock, duration_ns: value, expires_ns: extra }
      this.#begin(trueNs, track, { name: 'asleep', category: 'timer', details })
    } else if (event === 'late')
      this.#begin(trueNs, track, { name: 'late', category: 'timer', details: { by_ns: value } })
    else for (let depth = this.#open.get(track) ?? 0; depth > 0; depth--) this.#close(trueNs, track)
  }

  #life({ trueNs, event, guest, host, subject, detail }: TraceRow): void {
    const own = this.#guest(guest)
    const there = this.#track(`${host}: ${guest}`, guest, { parent: this.#host(host) })
    const moves = this.#track(`moves of ${guest}`, `migrations of ${guest}`)
    this.#close(trueNs, own)
    if (event === 'stop') {
      this.#close(trueNs, there)
      this.#begin(trueNs, own, { name: `stopped: ${subject}`, category: 'guest' })
      this.#begin(trueNs, moves, { name: detail, category: 'migration', flow: ++this.#flows })
      return
    }
    this.#close(trueNs, moves)
    this.#begin(trueNs, own, { name: `on ${host}`, category: 'guest' })
    // An arrow from the migration to where the guest goes on.
    const flow = event === 'resume' ? { flow: this.#flows } : {}
    this.#begin(trueNs, there, { name: 'runs', category: 'host', ...flow })
  }

  #kernel({ trueNs, event, guest, subject, value, extra }: TraceRow): void {
    const track = this.#track(`${guest}: kernel`, 'kernel', { parent: this.#guest(guest) })
    const details = { vcpu: subject === '' ? null : subject, value, extra }
    this.#instant(trueNs, track, event, details)
  }

  // ---- clock domains

  #sample({ trueNs, guest, host, clock, value, unsigned }: TraceRow): void {
    this.#snapshot ??= {
      trueNs,
      clocks: new Map([
        [BuiltinClock.boottime, trueNs],
        [BuiltinClock.realtime, this.#startWallNs + trueNs],
      ]),
    }
    const owner = guest === '' ? `host ${host}` : `guest ${guest}`
    // Perfetto has no times before 0: what a clock shows that wrapped is left out.
    if (value! >= 0n) this.#snapshot.clocks.set(this.#clockId(trueNs, owner, clock, unsigned), value!)
    if (guest === '' && clock === 'wall') {
      const name = `${clock} minus true time`
      const track = this.#track(`${host}: ${name}`, name, { parent: this.#host(host), counter: 'ns' })
      this.#counter(trueNs, track, value! - this.#startWallNs - trueNs)
    }
  }

  #clockId(trueNs: bigint, owner: string, clock: string, ticks: boolean): number {
    const key = `${owner}: ${clock}`
    const known = this.#clockIds.get(key)
    if (known !== undefined) return known
    const id = FIRST_CLOCK + this.#clockIds.size
    this.#clockIds.set(key, id)
    const details = { clock_id: BigInt(id), owner, clock, unit: ticks ? 'ticks' : 'ns' }
    this.#instant(trueNs, this.#track('clock domains', 'clock domains'), `clock ${id}: ${key}`, details)
    return id
  }

  #endSnapshot(): void {
    if (this.#snapshot) this.#out.push(this.#packets.snapshot(this.#snapshot.trueNs, this.#snapshot.clocks))
    this.#snapshot = null
  }

  // ---- tracks and events

  #host(name: string): bigint {
    return this.#track(`host ${name}`, `host ${name}`)
  }
  #guest(name: string): bigint {
    return this.#track(`guest ${name}`, `guest ${name}`)
  }

  /** The track of that key; made when it is wanted first. */
  #track(key: string, name: string, options: TrackOptions = {}): bigint {
    const known = this.#tracks.get(key)
    if (known !== undefined) return known
    const uuid = TRACKS + BigInt(this.#tracks.size + 1)
    this.#tracks.set(key, uuid)
    this.#out.push(this.#packets.track(uuid, name, options))
    return uuid
  }

  #begin(trueNs: bigint, track: bigint, options: EventOptions): void {
    this.#open.set(track, (this.#open.get(track) ?? 0) + 1)
    this.#out.push(this.#packets.event(trueNs, EventType.begin, track, options))
  }

  /** Ends the innermost slice, if one is open. */
  #close(trueNs: bigint, track: bigint): void {
    const depth = this.#open.get(track) ?? 0
    if (depth === 0) return
    this.#open.set(track, depth - 1)
    this.#out.push(this.#packets.event(trueNs, EventType.end, track))
  }

  #instant(trueNs: bigint, track: bigint, name: string, details: EventOptions['details'] = {}): void {
    this.#out.push(this.#packets.event(trueNs, EventType.instant, track, { name, details }))
  }

  #counter(trueNs: bigint, track: bigint, counter: bigint): void {
    if (this.#counters.get(track) === counter) return
    this.#counters.set(track, counter)
    this.#out.push(this.#packets.event(trueNs, EventType.counter, track, { counter }))
  }
}
