/** What the fuzzer does to files: of bytes, and of text. */
import type { Chance } from './random.js'

/** A real file in parts; `join` puts lengths and checksums right, so that what is behind them is reached. */
export interface Seed {
  readonly parts: readonly Buffer[]
  /** Parts that are text, by index. */
  readonly text?: readonly number[]
  readonly join: (parts: readonly Buffer[]) => Buffer
}

/** One in so many inputs is changed after it is joined. */
const RAW = 4
const MOST_CHANGES = 4

export function mutated(seeds: readonly Seed[], chance: Chance): Buffer {
  const { parts, text = [], join } = chance.oneOf(seeds)
  if (chance.below(RAW) === 0) return mutatedBytes(join(parts), chance)
  const which = chance.below(parts.length)
  const change = text.includes(which) && chance.below(8) > 0 ? mutatedText : mutatedBytes
  return join(parts.map((part, i) => (i === which ? change(part, chance) : part)))
}

const NUMBERS = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
]

function mutatedBytes(bytes: Buffer, chance: Chance): Buffer {
  let changed: Buffer = Buffer.from(bytes)
  for (let left = 1 + chance.below(MOST_CHANGES); left > 0; left--) changed = changeBytes(changed, chance)
  return changed
}

/** At the begin and the end are what leads to the rest. */
function place(length: number, chance: Chance): number {
  const where = chance.below(4)
  if (where === 0) return chance.below(Math.min(length, 128))
  if (where === 1) return length - 1 - chance.below(Math.min(length, 128))
  return chance.below(length)
}

function changeBytes(bytes: Buffer, chance: Chance): Buffer {
  if (bytes.length === 0) return Buffer.alloc(chance.length(64), chance.below(256))
  const at = place(bytes.length, chance)
  const length = chance.length(bytes.length - at)
  switch (chance.below(9)) {
    case 0:
      bytes[at]! ^= 1 << chance.below(8)
      return bytes
    case 1:
      bytes[at] = chance.below(256)
      return bytes
    case 2:
    case 3: {
      const size = chance.oneOf([1, 2, 4, 8])
      const number = Buffer.alloc(8)
      number.writeBigUInt64LE(chance.oneOf(NUMBERS))
      const field = number.subarray(0, size)
      if (chance.below(2) === 0) field.reverse()
      field.copy(bytes, at)
      return bytes
    }
    case 4:
      return bytes.subarray(0, at)
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 6: {
      const twice = bytes.subarray(at, at + length)
      return Buffer.concat([bytes.subarray(0, at + length), twice, bytes.subarray(at + length)])
    }
    case 7:
      bytes.copyWithin(place(bytes.length, chance), at, at + length)
      return bytes
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(chance.length(64), chance.below(256)),
        bytes.subarray(at),
      ])
  }
}

const WORDS = [
  'null',
  'true',
  '-1',
  '1e308',
  '""',
  '{}',
  '[]',
  '&a',
  '*a',
  '!!binary',
  '|',
  '>',
  '---',
  '<<: *a',
  '\u0000',
  '\ufeff',
  '9 y',
  '1 ppm',
]
const SIGNS = [...'{}[]:,-&*!|>\'"%@`#\n\t ~?0']

function mutatedText(bytes: Buffer, chance: Chance): Buffer {
  let text = bytes.toString('utf8')
  for (let left = 1 + chance.below(MOST_CHANGES); left > 0; left--) text = changeText(text, chance)
  return Buffer.from(text)
}

function changeText(text: string, chance: Chance): string {
  const at = chance.below(text.length + 1)
  const [before, rest] = [text.slice(0, at), text.slice(at)]
  const lineEnd = rest.indexOf('\n') < 0 ? rest.length : rest.indexOf('\n') + 1
  switch (chance.below(8)) {
    case 0:
      return before + rest.replace(/\d+/, `${chance.oneOf(NUMBERS)}`)
    case 1:
      return before + rest.replace(/[\w-]+/, chance.oneOf(WORDS))
    case 2:
      return before + chance.oneOf(SIGNS) + rest
    case 3:
      return before + rest.slice(1)
    case 4:
      return before + rest.slice(lineEnd)
    case 5:
      return before + rest.slice(0, lineEnd) + rest
    case 6:
      return before + chance.oneOf(SIGNS).repeat(chance.length(4096)) + rest
    default: {
      const from = chance.below(text.length)
      return before + text.slice(from, from + chance.length(64)) + rest
    }
  }
}
