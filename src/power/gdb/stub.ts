/**
 * gdb's remote protocol for one machine: what each packet asks and is answered.
 * Source: Debugging with GDB, appendix E (Remote Serial Protocol): E.2 packets, E.3 stop replies, E.4 general queries.
 */
import type { PowerMachine } from '../machine.js'
import { Debugger, type Halt, type Watch, type WatchKind } from './debugger.js'
import { descriptionOf, fromHex, registersOf, toHex } from './registers.js'
import { realOf } from './translate.js'

const FEATURES =
  'PacketSize=4000;qXfer:features:read+;ReverseStep+;ReverseContinue+;swbreak+;hwbreak+;vContSupported+;QStartNoAckMode+'
const OK = 'OK'
const BAD = 'E01'
/** Signals of stop replies. */
const TRAP = '05'
const INT = '02'
const WATCHES: Readonly<Record<string, WatchKind>> = { 2: 'watch', 3: 'rwatch', 4: 'awatch' }

export class GdbStub {
  readonly #machine: PowerMachine
  readonly #debugger: Debugger
  readonly #little: boolean
  #last: string = `T${TRAP}thread:1;`

  /** `little`: the byte order of what is debugged; registers go over the wire in it. */
  constructor(machine: PowerMachine, little: boolean, print: (text: string) => void) {
    this.#machine = machine
    this.#little = little
    this.#debugger = new Debugger(machine, print)
  }

  /** The answer to a packet; null for `k`, which ends it. `interrupted` is asked while the machine runs. */
  async answer(data: string, interrupted: () => Promise<boolean>): Promise<string | null> {
    if (/^[csb]/.test(data)) return this.#move(data, interrupted)
    switch (data[0]) {
      case '?':
        return this.#last
      case 'g':
        return registersOf(this.#machine)
          .map(({ read, bytes }) => toHex(read(this.#machine), bytes, this.#little))
          .join('')
      case 'G':
        return this.#writeAll(data.slice(1))
      case 'p':
        return this.#readOne(Number.parseInt(data.slice(1), 16))
      case 'P':
        return this.#writeOne(data.slice(1))
      case 'm':
        return this.#readMemory(data.slice(1))
      case 'M':
        return this.#writeMemory(data.slice(1))
      case 'v':
        return this.#verbose(data, interrupted)
      case 'Z':
      case 'z':
        return this.#point(data)
      case 'q':
        return this.#query(data)
      case 'H':
      case 'T':
        return OK
      case 'k':
      case 'D':
        return null
      default:
        return ''
    }
  }

  async #move(data: string, interrupted: () => Promise<boolean>): Promise<string> {
    switch (data) {
      case 'c':
        return this.#stopped(await this.#debugger.go(interrupted))
      case 's':
        return this.#stopped(this.#debugger.step())
      case 'bs':
        return this.#stopped(this.#debugger.stepBack())
      case 'bc':
        return this.#stopped(this.#debugger.goBack())
      default:
        return ''
    }
  }

  async #verbose(data: string, interrupted: () => Promise<boolean>): Promise<string> {
    if (data === 'vCont?') return 'vCont;c;C;s;S'
    return this.#move(/^vCont;([cs])/i.exec(data)?.[1]?.toLowerCase() ?? '', interrupted)
  }

  #stopped(halt: Halt): string {
    this.#last = this.#reply(halt)
    return this.#last
  }

  #reply(halt: Halt): string {
    switch (halt.why) {
      case 'interrupt':
        return `T${INT}thread:1;`
      case 'begin':
        return `T${TRAP}replaylog:begin;thread:1;`
      case 'break':
        return `T${TRAP}swbreak:;thread:1;`
      case 'watch':
        return `T${TRAP}${halt.watch.kind}:${halt.watch.address.toString(16)};thread:1;`
      case 'over':
        return 'W00'
      case 'step':
        return `T${TRAP}thread:1;`
    }
  }

  // ---- registers

  #readOne(index: number): string {
    const register = registersOf(this.#machine)[index]
    return register ? toHex(register.read(this.#machine), register.bytes, this.#little) : BAD
  }

  #writeOne(text: string): string {
    const [index = '', hex = ''] = text.split('=')
    const register = registersOf(this.#machine)[Number.parseInt(index, 16)]
    if (!register || hex.length !== 2 * register.bytes) return BAD
    register.write(this.#machine, fromHex(hex, this.#little))
    this.#debugger.changed()
    return OK
  }

  #writeAll(hex: string): string {
    const registers = registersOf(this.#machine)
    if (hex.length !== registers.reduce((sum, { bytes }) => sum + 2 * bytes, 0)) return BAD
    let at = 0
    for (const { write, bytes } of registers) {
      write(this.#machine, fromHex(hex.slice(at, at + 2 * bytes), this.#little))
      at += 2 * bytes
    }
    this.#debugger.changed()
    return OK
  }

  // ---- memory

  #readMemory(text: string): string {
    const range = rangeOf(text)
    if (!range) return BAD
    const bytes: number[] = []
    for (let i = 0n; i < range.bytes; i++) {
      const real = realOf(this.#machine, range.address + i)
      if (real === null) break
      bytes.push(this.#machine.ram[real]!)
    }
    return bytes.length > 0 || range.bytes === 0n ? Buffer.from(bytes).toString('hex') : BAD
  }

  #writeMemory(text: string): string {
    const [where = '', hex = ''] = text.split(':')
    const range = rangeOf(where)
    const bytes = Buffer.from(hex, 'hex')
    if (!range || BigInt(bytes.length) !== range.bytes) return BAD
    const places = [...bytes].map((_, i) => realOf(this.#machine, range.address + BigInt(i)))
    if (places.includes(null)) return BAD
    for (const [i, place] of places.entries()) this.#machine.ram[place!] = bytes[i]!
    this.#debugger.changed()
    return OK
  }

  // ---- break- and watchpoints

  #point(data: string): string {
    const match = /^([Zz])([0-4]),([0-9a-f]+),([0-9a-f]+)$/i.exec(data)
    if (!match) return BAD
    const [, verb, type, hex, size] = match as unknown as [string, string, string, string, string]
    const address = BigInt(`0x${hex}`)
    const adds = verb === 'Z'
    if (realOf(this.#machine, address) === null && adds) return BAD
    const kind = WATCHES[type]
    if (!kind) {
      if (adds) this.#debugger.addBreak(address)
      else this.#debugger.removeBreak(address)
      return OK
    }
    const watch: Watch = { kind, address, bytes: Number.parseInt(size, 16) }
    if (adds) this.#debugger.addWatch(watch)
    else this.#debugger.removeWatch(watch)
    return OK
  }

  // ---- queries

  #query(data: string): string {
    if (data.startsWith('qSupported')) return FEATURES
    if (data === 'qAttached') return '1'
    if (data === 'qC') return 'QC1'
    if (data === 'qfThreadInfo') return 'm1'
    if (data === 'qsThreadInfo') return 'l'
    const part = /^qXfer:features:read:target\.xml:([0-9a-f]+),([0-9a-f]+)$/i.exec(data)
    if (!part) return ''
    const [at, length] = [Number.parseInt(part[1]!, 16), Number.parseInt(part[2]!, 16)]
    const xml = descriptionOf(this.#machine)
    return `${at + length < xml.length ? 'm' : 'l'}${xml.slice(at, at + length)}`
  }
}

function rangeOf(text: string): { readonly address: bigint; readonly bytes: bigint } | null {
  const match = /^([0-9a-f]+),([0-9a-f]+)$/i.exec(text)
  if (!match) return null
  const bytes = BigInt(`0x${match[2]}`)
  return bytes <= 0x2000n ? { address: BigInt(`0x${match[1]}`), bytes } : null
}
