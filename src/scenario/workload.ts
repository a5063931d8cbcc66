/** What runs in a guest: readers, sleepers, busy phases. */
import type { GuestContext } from './guests.js'
import { KERNELS } from './kernels.js'
import { MAX_SLEEPERS } from './limits.js'
import type { Places } from './places.js'
import type { RawGuest } from './schema.js'
import type { BusySpec, GuestSpec, Position, ReaderSpec, SleeperSpec, WriterSpec } from './types.js'
import { formatBytes, formatDurationNs } from './units.js'

type Workload = Pick<GuestSpec, 'read' | 'sleep' | 'busy' | 'write'>
type Clock = ReaderSpec['clock'] | SleeperSpec['clock']

/** Throws ScenarioError. */
export function resolveWorkload(guest: string, raw: RawGuest, context: GuestContext): Workload {
  const { bootNs, durationNs, places } = context
  const item = (list: keyof Workload, index: number) => new Item(guest, raw, context, list, index)
  const read = raw.read.map(
    ({ clock, every, from = bootNs, until = durationNs, vcpu, name = clock, guarded }, index): ReaderSpec => {
      const { position } = item('read', index).checkPhase(from, until).checkVcpu(vcpu).checkClock(clock)
      if (guarded && !raw.vmclock) {
        const detail = `guest ${guest} has no vmclock that a reader could look at; expected vmclock: true`
        places.fail(places.at('guests', guest, 'read', index, 'guarded'), detail)
      }
      return { name, clock, everyNs: every, fromNs: from, untilNs: until, vcpu, guarded, position }
    },
  )
  const sleep = raw.sleep.flatMap((sleeper, index): SleeperSpec[] => {
    const { clock, at = bootNs, every = null, vcpu, name = `sleep-${index + 1}`, copies, spread } = sleeper
    const { position } = item('sleep', index).checkTime('at', at).checkVcpu(vcpu).checkClock(clock)
    const one = { clock, atNs: at, everyNs: every, vcpu, position }
    return Array.from({ length: copies }, (_, copy) => ({
      name: copies === 1 ? name : `${name}-${copy + 1}`,
      forNs: sleeper.for + spread * BigInt(copy),
      ...one,
    }))
  })
  if (sleep.length > MAX_SLEEPERS) {
    const detail = `guest ${guest} has ${sleep.length} sleepers with their copies; expected at most ${MAX_SLEEPERS}`
    places.fail(places.at('guests', guest, 'sleep'), detail)
  }
  const busy = raw.busy.map(({ from, until, vcpu }, index): BusySpec => {
    const { position } = item('busy', index).checkPhase(from, until).checkVcpu(vcpu)
    return { fromNs: from, untilNs: until, vcpu, position }
  })
  const write = raw.write.map((writer, index): Omit<WriterSpec, 'firstPage'> => {
    const { pages, every, from = bootNs, until = null, vcpu } = writer
    const checked = item('write', index).checkVcpu(vcpu)
    const { position } = until === null ? checked.checkTime('from', from) : checked.checkPhase(from, until)
    return { pages, everyNs: every, fromNs: from, untilNs: until, vcpu, position }
  })
  refuseSameNames(guest, 'reader', read, places)
  refuseSameNames(guest, 'sleeper', sleep, places)
  refuseOverlap(guest, busy, places)
  return { read, sleep, busy, write: placed(guest, write, raw.memory, places) }
}

/** One reader, sleeper or busy phase against the guest it runs in. */
class Item {
  constructor(
    private readonly guest: string,
    private readonly raw: RawGuest,
    private readonly context: GuestContext,
    private readonly list: keyof Workload,
    private readonly index: number,
  ) {}

  get position(): Position {
    return this.at()
  }

  private at(...path: PropertyKey[]): Position {
    return this.context.places.at('guests', this.guest, this.list, this.index, ...path)
  }

  private fail(key: string, detail: string): never {
    this.context.places.fail(this.at(key), detail)
  }

  /** The guest must be there, and the scenario not over. */
  checkTime(key: 'at' | 'from' | 'until', ns: bigint): this {
    const { bootNs, durationNs } = this.context
    const time = formatDurationNs(ns)
    if (ns < bootNs) {
      const boot = formatDurationNs(bootNs)
      this.fail(
        key,
        `${key} is ${time}, before guest ${this.guest} boots at ${boot}; expected ${boot} or later`,
      )
    }
    // Nothing begins at the end, but everything may last until then.
    if (ns > durationNs || (ns === durationNs && key !== 'until')) {
      const end = formatDurationNs(durationNs)
      this.fail(key, `${key} is ${time}, but the scenario ends at ${end}; expected an earlier time`)
    }
    return this
  }

  checkPhase(fromNs: bigint, untilNs: bigint): this {
    this.checkTime('from', fromNs)
    if (untilNs <= fromNs) {
      const [from, until] = [formatDurationNs(fromNs), formatDurationNs(untilNs)]
      this.fail('until', `until is ${until}, not after from, which is ${from}; expected a later time`)
    }
    return this.checkTime('until', untilNs)
  }

  checkVcpu(vcpu: number): this {
    const { vcpus } = this.raw
    if (vcpu >= vcpus) {
      this.fail(
        'vcpu',
        `guest ${this.guest} has no vCPU ${vcpu}; expected ${vcpus === 1 ? '0' : `0 to ${vcpus - 1}`}`,
      )
    }
    return this
  }

  checkClock(clock: Clock): this {
    if (KERNELS[this.raw.kernel].lacks.includes(clock)) {
      this.fail('clock', `${this.raw.kernel} has no ${clock} clock, later kernels do; expected another clock`)
    }
    return this
  }
}

/** Below it the kernel has its data (assembly/memory.ts). */
const FIRST_PAGE = 16
const PAGE_BYTES = 4096

/** Working sets lie one after the other. */
function placed(
  guest: string,
  writers: readonly Omit<WriterSpec, 'firstPage'>[],
  memory: bigint,
  places: Places,
): WriterSpec[] {
  const room = Math.floor(Number(memory) / PAGE_BYTES) - FIRST_PAGE
  let used = 0
  return writers.map((writer) => {
    const firstPage = FIRST_PAGE + used
    used += writer.pages
    if (used > room) {
      places.fail(
        writer.position,
        `the writers of guest ${guest} need ${used} pages, and its ${formatBytes(memory)} have ${room} for them; expected fewer pages or more memory`,
      )
    }
    return { firstPage, ...writer }
  })
}

interface Named {
  readonly name: string
  readonly position: Position
}

function refuseSameNames(guest: string, what: string, items: readonly Named[], places: Places): void {
  const seen = new Set<string>()
  for (const { name, position } of items) {
    if (seen.has(name)) {
      places.fail(
        position,
        `guest ${guest} has two ${what}s named ${name}; expected a name: of its own for each`,
      )
    }
    seen.add(name)
  }
}

function refuseOverlap(guest: string, phases: readonly BusySpec[], places: Places): void {
  phases.forEach((phase, index) => {
    const other = phases
      .slice(0, index)
      .find(
        ({ vcpu, fromNs, untilNs }) =>
          vcpu === phase.vcpu && fromNs < phase.untilNs && phase.fromNs < untilNs,
      )
    if (!other) return
    const span = `${formatDurationNs(other.fromNs)} to ${formatDurationNs(other.untilNs)}`
    places.fail(
      phase.position,
      `busy phases of guest ${guest} overlap on vCPU ${phase.vcpu}: the other is ${span}; expected phases one after the other`,
    )
  })
}
