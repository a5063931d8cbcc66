/** Numbers for people. */

export const grouped = (value: bigint): string => value.toLocaleString('en-US')

export function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
