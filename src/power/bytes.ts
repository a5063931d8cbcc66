/** Bytes and texts without Node's Buffer: what runs machine code runs in a page as well. */

/** Of each character its lowest eight bits. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** More arguments than this are too many for one call. */
const CHARACTERS = 8192

/** A character for each byte. (A TextDecoder for latin1 takes 0x80 to 0x9f for those of windows-1252.) */
export function latin1Text(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += CHARACTERS)
    text += String.fromCharCode(...bytes.subarray(at, at + CHARACTERS))
  return text
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** With zeros behind it, to a multiple of `to`. */
export function padded(bytes: Uint8Array, to: number): Uint8Array {
  const all = new Uint8Array(Math.ceil(bytes.length / to) * to)
  all.set(bytes)
  return all
}
