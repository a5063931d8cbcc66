/** As much of a WebAssembly module's binary form as is needed to list its globals (core specification, 5.5). */

export interface Global {
  readonly index: number
  readonly name: string
  readonly mutable: boolean
}

const SECTION_CUSTOM = 0
const SECTION_GLOBAL = 6
const NAMES_OF_GLOBALS = 7
const END = 0x0b

class Reader {
  at = 0
  constructor(readonly bytes: Uint8Array) {}

  byte(): number {
    return this.bytes[this.at++]!
  }

  /** LEB128, unsigned; longer ones than 32 bits (constants) are only skipped over, so their value may be cut off. */
  leb(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  take(length: number): Reader {
    this.at += length
    return new Reader(this.bytes.subarray(this.at - length, this.at))
  }

  text(): string {
    return new TextDecoder().decode(this.take(this.leb()).bytes)
  }

  get done(): boolean {
    return this.at >= this.bytes.length
  }

  /** A constant expression: i32.const, i64.const, f32.const, f64.const or global.get, then end. */
  skipConstant(): void {
    for (let op = this.byte(); op !== END; op = this.byte()) {
      if (op === 0x41 || op === 0x42 || op === 0x23) this.leb()
      else if (op === 0x43) this.at += 4
      else if (op === 0x44) this.at += 8
      else throw new Error(`constant expression with opcode ${op}`)
    }
  }
}

/** The module's own globals, with names where the module has a name section. It must import no globals. */
export function readGlobals(module: Uint8Array): Global[] {
  const reader = new Reader(module)
  reader.at = 8
  const mutable: boolean[] = []
  const names = new Map<number, string>()
  while (!reader.done) {
    const id = reader.byte()
    const section = reader.take(reader.leb())
    if (id === SECTION_GLOBAL) {
      for (let left = section.leb(); left > 0; left--) {
        section.byte()
        mutable.push(section.byte() === 1)
        section.skipConstant()
      }
    }
    if (id !== SECTION_CUSTOM || section.text() !== 'name') continue
    while (!section.done) {
      const kind = section.byte()
      const part = section.take(section.leb())
      if (kind !== NAMES_OF_GLOBALS) continue
      for (let left = part.leb(); left > 0; left--) names.set(part.leb(), part.text())
    }
  }
  return mutable.map((isMutable, index) => ({
    index,
    name: names.get(index) ?? `${index}`,
    mutable: isMutable,
  }))
}
