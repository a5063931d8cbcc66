/**
 * Formulas: what a scenario predicts of its run, computed from its own numbers before anything runs.
 *
 *   sum      = product { (+|-) product }           an operator has a space on both sides, as names have dashes
 *   product  = factor { (*|/) factor }
 *   factor   = [-] atom [ ^ whole number ]
 *   atom     = 2.4 GHz | 300 ms | 500 ppm | 17 | hosts.a.uptime | events[0].at | floor(sum) | ( sum )
 *
 * A number with a unit counts in seconds, Hz, bytes, or as a fraction of one (ppm); one without is itself; a path
 * is the value of that key. So `1 d * 20 ppm` is a duration, and so is `2^31 / hosts.a.timebase.frequency`.
 * Values are exact fractions: nothing is rounded but by floor, ceil and mod.
 */
import { DURATION, FREQUENCY, parseQuantity, type Quantity, RATE, SIZE, UnitError } from './units.js'

/** num / den, den > 0, not reduced. */
export interface Exact {
  readonly num: bigint
  readonly den: bigint
}

/** The message is `what is wrong; expected …`. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError'
}

const NANO = 1_000_000_000n
const KINDS: readonly (readonly [Quantity, bigint])[] = [
  [DURATION, NANO],
  [FREQUENCY, 1n],
  [RATE, NANO],
  [SIZE, 1n],
]
/** Keys whose values are not durations: what one of them is counted in. */
const SCALES: Readonly<Record<string, bigint>> = {
  frequency: 1n,
  calibrated: 1n,
  error: NANO,
  rate: NANO,
  'at-start': 1n,
  vcpus: 1n,
  vcpu: 1n,
  hz: 1n,
  copies: 1n,
  bits: 1n,
  to: 1n,
  pages: 1n,
}
const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:\s*(?:[A-Za-zµμ]+|%))?)|([a-z][\w-]*(?:[.[\]][\w.[\]-]*)?)|([-+*/^(),]))/uy
const MAX_POWER = 256

type Functions = Readonly<Record<string, (...values: Exact[]) => Exact>>
const functions: Functions = {
  floor: (a) => ({ num: floorOf(a!), den: 1n }),
  ceil: (a) => ({ num: -floorOf(negative(a!)), den: 1n }),
  /** a - b * floor(a / b) */
  mod: (a, b) => minus(a!, times(b!, { num: floorOf(over(a!, b!)), den: 1n })),
  min: (a, b) => (compare(a!, b!) <= 0 ? a! : b!),
  max: (a, b) => (compare(a!, b!) >= 0 ? a! : b!),
}

/** The value of a formula over `root`, whose leaves are numbers, bigints in the schema's units, and texts. */
export function evaluate(formula: string, root: unknown): Exact {
  const reader = new Reader(tokensOf(formula), root)
  const value = reader.sum()
  reader.end()
  return value
}

/** Towards minus infinity. */
export function floorOf({ num, den }: Exact): bigint {
  const quotient = num / den
  return num < 0n && quotient * den !== num ? quotient - 1n : quotient
}

/** In ns for a duration, ppb for a rate: the nearest whole one. */
export function inNano({ num, den }: Exact): bigint {
  return floorOf({ num: 2n * num * NANO + den, den: 2n * den })
}

const negative = ({ num, den }: Exact): Exact => ({ num: -num, den })
const plus = (a: Exact, b: Exact): Exact => ({ num: a.num * b.den + b.num * a.den, den: a.den * b.den })
const minus = (a: Exact, b: Exact): Exact => plus(a, negative(b))
const times = (a: Exact, b: Exact): Exact => ({ num: a.num * b.num, den: a.den * b.den })
const compare = (a: Exact, b: Exact): number => {
  const difference = minus(a, b).num
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function over(a: Exact, b: Exact): Exact {
  if (b.num === 0n) throw new FormulaError('a division by zero; expected another number')
  return b.num < 0n ? times(negative(a), { num: b.den, den: -b.num }) : times(a, { num: b.den, den: b.num })
}

interface Token {
  readonly kind: 'number' | 'name' | 'sign'
  readonly text: string
}

function tokensOf(formula: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (formula.slice(TOKEN.lastIndex).trim() !== '') {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(formula)
    if (!match) {
      const rest = JSON.stringify(formula.slice(from).trim().slice(0, 20))
      throw new FormulaError(`the formula goes on with ${rest}; expected a number, a key or an operator`)
    }
    const [, number, name, sign] = match
    if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else tokens.push({ kind: 'sign', text: sign! })
  }
  return tokens
}

class Reader {
  #at = 0

  constructor(
    private readonly tokens: readonly Token[],
    private readonly root: unknown,
  ) {}

  sum(): Exact {
    let value = this.#product()
    for (;;) {
      if (this.#take('+')) value = plus(value, this.#product())
      else if (this.#take('-')) value = minus(value, this.#product())
      else return value
    }
  }

  end(): void {
    const rest = this.tokens[this.#at]
    if (rest)
      throw new FormulaError(`${JSON.stringify(rest.text)} is left over; expected an operator or the end`)
  }

  #product(): Exact {
    let value = this.#factor()
    for (;;) {
      if (this.#take('*')) value = times(value, this.#factor())
      else if (this.#take('/')) value = over(value, this.#factor())
      else return value
    }
  }

  #factor(): Exact {
    if (this.#take('-')) return negative(this.#factor())
    const base = this.#atom()
    if (!this.#take('^')) return base
    const power = this.#atom()
    const n = floorOf(power)
    if (power.num !== n * power.den || n < 0n || n > MAX_POWER)
      throw new FormulaError(`the power is not a whole number; expected one from 0 to ${MAX_POWER}`)
    return { num: base.num ** n, den: base.den ** n }
  }

  #atom(): Exact {
    const token = this.tokens[this.#at++]
    if (token?.kind === 'number') return numberOf(token.text)
    if (token?.kind === 'name') {
      const called = functions[token.text]
      return called && this.#take('(') ? this.#call(token.text, called) : this.#valueAt(token.text)
    }
    if (token?.text === '(') {
      const value = this.sum()
      this.#expect(')')
      return value
    }
    const found = token ? JSON.stringify(token.text) : 'its end'
    throw new FormulaError(`the formula has ${found}; expected a number, a key or (`)
  }

  #call(name: string, called: (...values: Exact[]) => Exact): Exact {
    const values = [this.sum()]
    while (this.#take(',')) values.push(this.sum())
    this.#expect(')')
    if (values.length !== called.length)
      throw new FormulaError(`${name} has ${values.length} values; expected ${called.length}`)
    return called(...values)
  }

  #valueAt(path: string): Exact {
    const steps = path.split(/[.[\]]+/).filter((step) => step !== '')
    let value: unknown = this.root
    for (const step of steps) {
      const owner = value as Readonly<Record<string, unknown>> | null
      value = typeof owner === 'object' && owner && Object.hasOwn(owner, step) ? owner[step] : undefined
    }
    if (typeof value !== 'number' && typeof value !== 'bigint')
      throw new FormulaError(`there is no number at ${path}; expected a key of this scenario`)
    return { num: BigInt(value), den: SCALES[steps.at(-1)!] ?? (typeof value === 'number' ? 1n : NANO) }
  }

  #take(sign: string): boolean {
    const token = this.tokens[this.#at]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.#at++
    return true
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new FormulaError(`the formula has no ${sign}; expected one`)
  }
}

function numberOf(text: string): Exact {
  const plain = /^(\d+)(?:\.(\d+))?$/.exec(text)
  if (plain) {
    const [, whole, decimals = ''] = plain
    return { num: BigInt(whole! + decimals), den: 10n ** BigInt(decimals.length) }
  }
  const name = /[A-Za-zµμ%]+$/u.exec(text)![0]
  const kind = KINDS.find(([{ units }]) => units.some(([known]) => known === name))
  if (!kind)
    throw new FormulaError(
      `${JSON.stringify(text)} has the unknown unit ${JSON.stringify(name)}; expected one of a duration, a frequency or a rate`,
    )
  try {
    return { num: parseQuantity(text, kind[0]), den: kind[1] }
  } catch (error) {
    throw error instanceof UnitError ? new FormulaError(error.message) : error
  }
}
