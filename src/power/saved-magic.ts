/** How files of saved machines (saved.ts) begin. By itself: who sorts files need not be able to read them. */

export const MAGIC = [...'CHVPOWER'].map((letter) => letter.charCodeAt(0))

/** Whether a file begins as they do. */
export function isSaved(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte)
}
