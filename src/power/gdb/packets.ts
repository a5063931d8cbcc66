/**
 * The framing of gdb's remote protocol: `$data#checksum`, acknowledged by + or -, and 0x03 for an interrupt.
 * Source: Debugging with GDB, appendix E.1 (Overview).
 */

const ESCAPE = 0x7d
const SPECIAL = /[#$}*]/g

/** What has come: a packet's data (latin1), an interrupt, or a packet whose checksum is wrong. */
export type Arrival =
  | { readonly kind: 'packet'; readonly data: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'damaged' }

const MOST = 1 << 16

export class PacketReader {
  #bytes = Buffer.alloc(0)

  /** The arrivals that `bytes` complete. Throws RangeError for a packet beyond any that the stub takes. */
  take(bytes: Uint8Array): Arrival[] {
    const arrivals: Arrival[] = []
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    for (;;) {
      const skipped = this.#bytes.findIndex((byte) => byte === 0x24 || byte === 0x03)
      if (skipped < 0) {
        this.#bytes = Buffer.alloc(0) // acknowledgements: TCP loses nothing
        return arrivals
      }
      this.#bytes = this.#bytes.subarray(skipped)
      if (this.#bytes[0] === 0x03) {
        this.#bytes = this.#bytes.subarray(1)
        arrivals.push({ kind: 'interrupt' })
        continue
      }
      const end = this.#bytes.indexOf(0x23)
      if (end < 0 || this.#bytes.length < end + 3) {
        if (this.#bytes.length > MOST) throw new RangeError(`a packet of more than ${MOST} bytes`)
        return arrivals
      }
      const body = this.#bytes.subarray(1, end)
      const sum = this.#bytes.toString('latin1', end + 1, end + 3)
      this.#bytes = this.#bytes.subarray(end + 3)
      const whole = Number.parseInt(sum, 16) === checksum(body)
      arrivals.push(whole ? { kind: 'packet', data: unescaped(body) } : { kind: 'damaged' })
    }
  }
}

function unescaped(body: Uint8Array): string {
  const out: number[] = []
  for (let i = 0; i < body.length; i++) out.push(body[i] === ESCAPE ? body[++i]! ^ 0x20 : body[i]!)
  return Buffer.from(out).toString('latin1')
}

const checksum = (body: Uint8Array): number => body.reduce((sum, byte) => (sum + byte) & 0xff, 0)

/** A packet of `data` (latin1), as it goes over the wire. */
export function encodePacket(data: string): Buffer {
  const escaped = data.replace(SPECIAL, (char) => `}${String.fromCharCode(char.charCodeAt(0) ^ 0x20)}`)
  const body = Buffer.from(escaped, 'latin1')
  return Buffer.concat([
    Buffer.from('$'),
    body,
    Buffer.from(`#${checksum(body).toString(16).padStart(2, '0')}`),
  ])
}
