import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadScenarioFile, ScenarioError } from '../../src/scenario/index.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'scenario-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const VALID = `name: x
title: Ünïcode – ⏱
duration: 1 min
hosts: { a: { hypervisor: xen } }
guests: { g: { on: a, kernel: linux-xen } }
`

function write(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function messageOf(path: string): string {
  try {
    loadScenarioFile(path)
  } catch (error) {
    expect(error).toBeInstanceOf(ScenarioError)
    return (error as Error).message.replace(path, 'FILE')
  }
  throw new Error('no error')
}

it('reads a file', () => {
  const path = write('valid.yaml', VALID)
  expect(loadScenarioFile(path)).toMatchObject({ name: 'x', title: 'Ünïcode – ⏱', fileName: path })
})

it('reads a file with a byte order mark and CR LF', () => {
  expect(loadScenarioFile(write('bom.yaml', `\ufeff${VALID.replaceAll('\n', '\r\n')}`)).name).toBe('x')
})

it('reads a file of exactly 1 MiB', () => {
  const length = Buffer.byteLength(VALID)
  expect(loadScenarioFile(write('large.yaml', `${VALID}#${'x'.repeat((1 << 20) - length - 1)}`)).name).toBe(
    'x',
  )
})

it.each([
  ['a file of one byte too many', (1 << 20) + 1],
  ['a file of 100 MB', 100_000_000],
  ['a file of 3 TB', 3_000_000_000_000],
])('refuses %s without reading it', (_what, size) => {
  const path = write('huge.yaml', VALID)
  truncateSync(path, size)
  expect(messageOf(path)).toBe(`FILE: the file has ${size} bytes; expected at most 1048576`)
})

it('refuses a missing file', () => {
  expect(messageOf(join(directory, 'missing.yaml'))).toBe(
    'FILE: there is no such file; expected a scenario file',
  )
})

it('refuses a path below a file', () => {
  write('plain', 'x')
  expect(messageOf(join(directory, 'plain', 'x.yaml'))).toMatch(
    /^FILE: this file cannot be read \(ENOTDIR.*\); expected a scenario file$/,
  )
})

it('refuses a path with a NUL', () => {
  expect(messageOf('a\0b')).toMatch(/^FILE: this file cannot be read \(.*\); expected a scenario file$/s)
})

it('refuses a directory', () => {
  const path = join(directory, 'folder.yaml')
  mkdirSync(path)
  expect(messageOf(path)).toBe('FILE: this is a directory; expected a scenario file')
})

it.runIf(process.platform === 'linux')('refuses a named pipe without waiting for its writer', () => {
  const path = join(directory, 'pipe')
  execFileSync('sh', ['-c', 'mkfifo "$0"', path])
  expect(messageOf(path)).toBe('FILE: this is not a regular file; expected a scenario file')
})

it('refuses an empty file', () => {
  expect(messageOf(write('empty.yaml', ''))).toMatch(/^FILE:1:1: the file is empty; expected a scenario/)
})

it('refuses a NUL byte where it is', () => {
  expect(messageOf(write('nul.yaml', 'name: x\nti\0tle: t\n'))).toBe(
    'FILE:2:3: the text holds a NUL character; expected YAML text',
  )
})

it.each([
  ['a byte of Latin-1', [...Buffer.from('name: x\ntitle: é '), 0xe9, 0x0a], '2:10'],
  ['a sequence cut off by the end of a line', [0x61, 0xc3, 0x0a, 0x62], '1:2'],
  ['a sequence cut off by the end of the file', [0x0a, 0x0a, 0x61, 0xe2, 0x82], '3:2'],
  ['an overlong sequence', [0xc0, 0x80], '1:1'],
  ['a surrogate', [0x61, 0x62, 0xed, 0xa0, 0x80], '1:3'],
  ['UTF-16', [0xff, 0xfe, 0x61, 0x00], '1:1'],
  ['a bad byte after an emoji, which is two columns', [...Buffer.from('😀'), 0xff], '1:3'],
])('refuses %s', (_what, bytes, place) => {
  expect(messageOf(write('bytes.yaml', Uint8Array.from(bytes)))).toBe(
    `FILE:${place}: the file is not UTF-8 from here on; expected UTF-8 text`,
  )
})

it('shows the path as it was given', () => {
  expect(() => loadScenarioFile('./no/such.yaml')).toThrow('./no/such.yaml: there is no such file')
})
