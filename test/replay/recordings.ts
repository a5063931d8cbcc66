/** The recordings of test/data/recordings. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

const data = new URL('../data/recordings/', import.meta.url)

/** Every event that was recorded, and what its guest showed: samples before and after. */
export const EVENTS = [
  ['u1-same-boot', 85, 386],
  ['u1-reboot', 85, 41],
  ['u1-young-host', 85, 13],
  ['u1-1ghz', 85, 125],
  ['u2-same-boot', 132, 59],
  ['u4-migrate', 27, 12],
  ['u4-same-boot', 12, 7],
  ['u4-young-host', 12, 9],
  ['u4-1ghz', 12, 76],
] as const

export const pathOf = (name: string): string => fileURLToPath(new URL(`${name}.rec.gz`, data))

export const textOf = (name: string): string => gunzipSync(readFileSync(pathOf(name))).toString('utf8')

export const csvRows = (name: string): Record<string, string>[] =>
  parse(readFileSync(new URL(`${name}.csv`, data)), { columns: true })

/** The 20 pages of shared_info, one after the other. */
export const sharedInfoPages = (): Buffer => gunzipSync(readFileSync(new URL('shared_info.bin.gz', data)))
