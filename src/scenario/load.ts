/** A scenario from a file: what can be wrong with a file before it is text. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { MAX_TEXT } from './document.js'
import { ScenarioError } from './error.js'
import { type ParseOptions, parseScenario } from './parse.js'
import type { Position, Scenario } from './types.js'

/** Reads a file of at most 1 MiB of UTF-8. Throws ScenarioError for whatever is wrong with it. */
export function loadScenarioFile(path: string, options: ParseOptions = {}): Scenario {
  return parseScenario(readScenarioText(path), path, options)
}

/** The text alone, not parsed. Throws ScenarioError. */
export function readScenarioText(path: string): string {
  return decode(read(path), path)
}

function read(path: string): Uint8Array {
  let file: number
  try {
    // Without O_NONBLOCK (which Windows does not have) the opening of a named pipe would wait for its writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw new ScenarioError(path, null, `${reason(error)}; expected a scenario file`)
  }
  try {
    const status = fstatSync(file)
    if (status.isDirectory())
      throw new ScenarioError(path, null, 'this is a directory; expected a scenario file')
    if (!status.isFile())
      throw new ScenarioError(path, null, 'this is not a regular file; expected a scenario file')
    if (status.size > MAX_TEXT) throw tooLarge(path, status.size)
    // One byte more than is allowed: the file may grow, and /proc says 0 of every file.
    const bytes = new Uint8Array(MAX_TEXT + 1)
    let length = 0
    for (let got = 1; got > 0 && length < bytes.length; length += got) {
      got = readSync(file, bytes, length, bytes.length - length, null)
    }
    if (length > MAX_TEXT) throw tooLarge(path, length)
    return bytes.subarray(0, length)
  } catch (error) {
    if (error instanceof ScenarioError) throw error
    throw new ScenarioError(path, null, `${reason(error)}; expected a scenario file`)
  } finally {
    closeSync(file)
  }
}

function tooLarge(path: string, size: number): ScenarioError {
  return new ScenarioError(path, null, `the file has ${size} bytes; expected at most ${MAX_TEXT}`)
}

function reason(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
      return 'this file may not be read'
    case 'EISDIR':
      return 'this is a directory'
    default:
      return `this file cannot be read (${(error as Error).message})`
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ScenarioError(
      path,
      firstBadByte(bytes),
      'the file is not UTF-8 from here on; expected UTF-8 text',
    )
  }
}

/** Only the line of the bad byte is looked at closely. */
function firstBadByte(bytes: Uint8Array): Position {
  let line = 1
  for (let start = 0; ; line++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline
    const column = badColumn(bytes.subarray(start, end))
    if (column !== null || newline < 0) return { line, column: column ?? 1 }
    start = newline + 1
  }
}

function badColumn(line: Uint8Array): number | null {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let column = 1
  try {
    for (const byte of line) column += decoder.decode(Uint8Array.of(byte), { stream: true }).length
    decoder.decode()
    return null
  } catch {
    return column
  }
}
