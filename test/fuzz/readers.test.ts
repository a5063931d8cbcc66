/** Mutated real files: a short run of what `npm run fuzz` does at length. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mutated, type Seed } from '../../scripts/fuzz/mutate.js'
import { Chance } from '../../scripts/fuzz/random.js'
import { type Reader, readers } from '../../scripts/fuzz/readers.js'
import { fuzz, MOST_BYTES } from '../../scripts/fuzz/run.js'

const RUNS = 250

describe.each(readers.map((reader) => [reader.name, reader] as const))('%s', (_name, reader) => {
  it('every real file is read', () => {
    for (const seed of reader.seeds()) expect(refusal(reader, seed)).toBeNull()
  })

  it('what is refused is refused in one line that says where', () => {
    const { runs, refused, problems } = fuzz(reader, { runs: RUNS, seed: 20_261_122 })
    expect(problems).toEqual([])
    expect(runs).toBe(RUNS)
    // Neither is everything refused, nor does everything pass.
    expect(refused).toBeGreaterThan(RUNS / 4)
    expect(refused).toBeLessThan(RUNS)
  })
})

/** Why a reader does not read a file as it is; null: it does. */
function refusal(reader: Reader, seed: Seed): unknown {
  let told: unknown = null
  const lacks = (error: unknown) => {
    told = error
    return null
  }
  fuzz({ ...reader, seeds: () => [seed], lacks }, { runs: 1, seed: 0, unchanged: true })
  return told
}

describe('the fuzzer', () => {
  const seed = { parts: [Buffer.from('a file of some bytes')], join: ([part]: readonly Buffer[]) => part! }
  const fake = (read: (path: string) => void): Reader => ({
    name: 'fake',
    share: 1,
    seeds: () => [seed],
    read,
    lacks: (error) => (error instanceof RangeError ? null : 'not a RangeError'),
  })
  const problemsOf = (read: (path: string) => void) => fuzz(fake(read), { runs: 10, seed: 1 }).problems

  it('makes equal inputs of equal numbers, and others of others', () => {
    const input = (number: number) => mutated([seed], new Chance('fake', 1, number)).toString('hex')
    const inputs = Array.from({ length: 200 }, (_, number) => input(number))
    expect(Array.from({ length: 200 }, (_, number) => input(number))).toEqual(inputs)
    expect(new Set(inputs).size).toBeGreaterThan(150)
    const read: string[] = []
    fuzz(
      fake((path) => void read.push(readFileSync(path).toString('hex'))),
      { runs: 3, seed: 1, from: 7 },
    )
    expect(read).toEqual(inputs.slice(7, 10))
  })

  it('finds an error of another class, and one that lacks something', () => {
    const problems = problemsOf(() => {
      throw new TypeError('undefined is not a function')
    })
    expect(problems.length).toBe(10)
    expect(problems[0]).toMatchObject({
      input: 0,
      what: expect.stringMatching(/^not a RangeError: TypeError/),
    })
  })

  it('finds what asks for more memory than it may', () => {
    const problems = problemsOf(() => void Buffer.allocUnsafeSlow(MOST_BYTES + 1))
    expect(problems[0]!.what).toBe(`asked for ${MOST_BYTES + 1} bytes at once`)
    expect(problemsOf(() => void Buffer.allocUnsafe(1024))).toEqual([])
  })

  it('counts what is refused', () => {
    const refuse = () => {
      throw new RangeError('no')
    }
    expect(fuzz(fake(refuse), { runs: 5, seed: 1 })).toMatchObject({ refused: 5, problems: [] })
    expect(
      fuzz(
        fake(() => {}),
        { runs: 5, seed: 1 },
      ),
    ).toMatchObject({ refused: 0, problems: [] })
  })
})
