/** How values of a stream are written out: exact first, then what a person takes in at a glance. */
import type { Detail } from './format.js'

const S = 1_000_000_000n

/** `264.82016 s`: exact. */
export function secondsText(ns: bigint): string {
  if (ns < 0n) return `-${secondsText(-ns)}`
  const fraction = `${ns % S}`.padStart(9, '0').replace(/0+$/, '')
  return `${ns / S}${fraction === '' ? '' : `.${fraction}`} s`
}

/** `2026-11-22T05:49:16.035398643Z`; beyond the calendar of JavaScript the seconds alone. */
export function instantText(ns: bigint): string {
  const seconds = ns / S
  if (ns < 0n || seconds > 253_402_300_799n) return `${secondsText(ns)} since 1970`
  const date = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  const fraction = `${ns % S}`.padStart(9, '0').replace(/0+$/, '')
  return `${date}${fraction === '' ? '' : `.${fraction}`}Z`
}

/** For JSON: bigint as decimal strings, bytes as hex. */
export function plainDetail(detail: Detail): PlainDetail {
  if (typeof detail === 'bigint') return `${detail}`
  if (detail instanceof Uint8Array) return Buffer.from(detail).toString('hex')
  if (Array.isArray(detail)) return detail.map(plainDetail)
  if (detail === null || typeof detail !== 'object') return detail
  return Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, plainDetail(value)]))
}

export type PlainDetail =
  | null
  | boolean
  | number
  | string
  | readonly PlainDetail[]
  | { readonly [key: string]: PlainDetail }
