/**
 * The packets of a Perfetto trace that are needed here. Field numbers are those of Perfetto's public protocol
 * (protos/perfetto/trace: trace.proto, trace_packet.proto, clock_snapshot.proto, track_event/*.proto).
 */
import { Message } from './wire.js'

const TRACE = { packet: 1 } as const
const PACKET = {
  clock_snapshot: 6,
  timestamp: 8,
  trusted_packet_sequence_id: 10,
  track_event: 11,
  sequence_flags: 13,
  track_descriptor: 60,
} as const
const SNAPSHOT = { clocks: 1, primary_trace_clock: 2 } as const
const CLOCK = { clock_id: 1, timestamp: 2 } as const
const TRACK = { uuid: 1, name: 2, parent_uuid: 5, counter: 8 } as const
const COUNTER = { unit: 3, unit_name: 6 } as const
const EVENT = {
  debug_annotations: 4,
  type: 9,
  track_uuid: 11,
  categories: 22,
  name: 23,
  counter_value: 30,
  double_counter_value: 44,
  flow_ids: 47,
} as const
const ANNOTATION = { int_value: 4, string_value: 6, name: 10 } as const

export const EventType = { begin: 1, end: 2, instant: 3, counter: 4 } as const
/** BUILTIN_CLOCK_*. */
export const BuiltinClock = { realtime: 1, boottime: 6 } as const

const SEQ_INCREMENTAL_STATE_CLEARED = 1
const UNIT_TIME_NS = 1
const SEQUENCE = 1

export interface EventOptions {
  readonly name?: string
  readonly category?: string
  readonly counter?: bigint
  readonly flow?: bigint
  /** Shown beside the event. Integers that do not fit are shown as text. */
  readonly details?: Readonly<Record<string, bigint | string | null>>
}

export interface TrackOptions {
  readonly parent?: bigint
  /** Of a counter: `ns`, or the name of its unit. */
  readonly counter?: string
}

/** Makes packets one at a time; what it returns is the caller's. */
export class Packets {
  #first = true
  readonly #trace = new Message()
  readonly #packet = new Message()
  readonly #body = new Message()
  readonly #part = new Message()

  track(uuid: bigint, name: string, { parent, counter }: TrackOptions): Uint8Array {
    const body = this.#body.clear().integer(TRACK.uuid, uuid).content(TRACK.name, name)
    if (parent !== undefined) body.integer(TRACK.parent_uuid, parent)
    if (counter !== undefined) {
      const part = this.#part.clear()
      if (counter === 'ns') part.integer(COUNTER.unit, UNIT_TIME_NS)
      else part.content(COUNTER.unit_name, counter)
      body.content(TRACK.counter, part)
    }
    return this.#finished(null, PACKET.track_descriptor)
  }

  event(trueNs: bigint, type: number, track: bigint, options: EventOptions = {}): Uint8Array {
    const { name, category, counter, flow, details = {} } = options
    const body = this.#body.clear().integer(EVENT.type, type).integer(EVENT.track_uuid, track)
    if (category !== undefined) body.content(EVENT.categories, category)
    if (name !== undefined) body.content(EVENT.name, name)
    if (flow !== undefined) body.fixed64(EVENT.flow_ids, flow)
    if (counter !== undefined) {
      if (fits(counter)) body.integer(EVENT.counter_value, counter)
      else body.double(EVENT.double_counter_value, Number(counter))
    }
    for (const [key, value] of Object.entries(details)) {
      if (value === null) continue
      const part = this.#part.clear().content(ANNOTATION.name, key)
      if (typeof value === 'bigint' && fits(value)) part.integer(ANNOTATION.int_value, value)
      else part.content(ANNOTATION.string_value, `${value}`)
      body.content(EVENT.debug_annotations, part)
    }
    return this.#finished(trueNs, PACKET.track_event)
  }

  /** Readings of one instant by clock id; true time is Perfetto's boottime, which is the time of the trace. */
  snapshot(trueNs: bigint, clocks: ReadonlyMap<number, bigint>): Uint8Array {
    const body = this.#body.clear()
    for (const [id, value] of clocks) {
      const part = this.#part.clear().integer(CLOCK.clock_id, id).integer(CLOCK.timestamp, value)
      body.content(SNAPSHOT.clocks, part)
    }
    body.integer(SNAPSHOT.primary_trace_clock, BuiltinClock.boottime)
    return this.#finished(trueNs, PACKET.clock_snapshot)
  }

  #finished(trueNs: bigint | null, field: number): Uint8Array {
    const packet = this.#packet.clear()
    if (trueNs !== null) packet.integer(PACKET.timestamp, trueNs)
    packet.integer(PACKET.trusted_packet_sequence_id, SEQUENCE)
    if (this.#first) packet.integer(PACKET.sequence_flags, SEQ_INCREMENTAL_STATE_CLEARED)
    this.#first = false
    packet.content(field, this.#body)
    return this.#trace.clear().content(TRACE.packet, packet).bytes.slice()
  }
}

function fits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}
