import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builds, loadCore } from '../helpers/core.js'

const NONE = (1n << 64n) - 1n
const Op = { init: 0n, arm: 1n, disarm: 2n, pop: 3n }

/** What the queue must do, by a list and a scan. */
class Model {
  readonly #armed = new Map<bigint, bigint>()
  arm(slot: bigint, time: bigint): void {
    this.#armed.delete(slot)
    if (time !== NONE) this.#armed.set(slot, time)
  }
  disarm(slot: bigint): void {
    this.#armed.delete(slot)
  }
  first(): { slot: bigint; time: bigint } | null {
    let best: { slot: bigint; time: bigint } | null = null
    for (const [slot, time] of this.#armed) {
      if (!best || time < best.time || (time === best.time && slot < best.slot)) best = { slot, time }
    }
    return best
  }
}

const operations = fc.array(
  fc.oneof(
    fc.record({
      op: fc.constant(Op.arm),
      slot: fc.bigInt(0n, 40n),
      time: fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, NONE)),
    }),
    fc.record({ op: fc.constant(Op.disarm), slot: fc.bigInt(0n, 40n), time: fc.constant(0n) }),
    fc.record({ op: fc.constant(Op.pop), slot: fc.constant(0n), time: fc.constant(0n) }),
  ),
  { minLength: 1, maxLength: 300 },
)

describe.each(builds)('event queue, %s build', (build) => {
  it('gives events in the order of (time, slot), whatever was armed, moved and disarmed before', () => {
    const core = loadCore(build)
    fc.assert(
      fc.property(operations, (list) => {
        const rows = [{ op: Op.init, slot: 0n, time: 0n }, ...list].map(({ op, slot, time }) => [
          op,
          slot,
          time,
          0n,
          0n,
          0n,
        ])
        const results = core.batch('lab_queue', 6, rows).slice(1)
        const model = new Model()
        list.forEach(({ op, slot, time }, i) => {
          let popped = { slot: NONE, time: NONE }
          if (op === Op.arm) model.arm(slot, time)
          if (op === Op.disarm) model.disarm(slot)
          if (op === Op.pop) {
            popped = model.first() ?? popped
            model.disarm(popped.slot)
          }
          expect(results[i]!.slice(3)).toEqual([popped.slot, popped.time, model.first()?.time ?? NONE])
        })
      }),
      { numRuns: 200 },
    )
  })
})
