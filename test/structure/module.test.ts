/** What the builds of the core's two modules may have: no import but env.abort, and no state outside linear memory. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readGlobals } from './wasm.js'

const read = (file: string) => readFileSync(new URL(`../../build/${file}`, import.meta.url))
const builds = {
  release: read('core.wasm'),
  debug: read('core.debug.wasm'),
  'power release': read('power.wasm'),
  'power debug': read('power.debug.wasm'),
}

/**
 * The compiler notes the number of arguments before each call through a table. No function of the core has optional
 * arguments, so nothing reads it, and the optimizer, which drops what is never read, has dropped it from the
 * release build.
 */
const neverRead: Record<string, string[]> = {
  release: [],
  debug: ['~argumentsLength'],
  'power release': [],
  'power debug': ['~argumentsLength'],
}

describe.each(Object.entries(builds))('%s build', (build, bytes) => {
  const module = new WebAssembly.Module(bytes)

  test('imports env.abort at most', () => {
    const imports = WebAssembly.Module.imports(module)
    expect(imports.filter(({ module: from, name }) => `${from}.${name}` !== 'env.abort')).toEqual([])
  })

  // The table is where machine code's compiled loops go, derived and no state: src/power/hot.
  test('exports its memory and functions, of machine code a table as well, nothing else', () => {
    const others = WebAssembly.Module.exports(module).filter(({ kind }) => kind !== 'function')
    const names = build.startsWith('power') ? ['memory', 'table'] : ['memory']
    expect(others.map(({ name }) => name).sort()).toEqual(names)
  })

  test('has no mutable global', () => {
    const mutable = readGlobals(bytes).filter((global) => global.mutable)
    expect(mutable.map(({ name }) => name).filter((name) => !neverRead[build]!.includes(name))).toEqual([])
  })
})

test('the reader of globals finds a mutable one', () => {
  const module = new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // Two globals: i64, constant, -2^63; i32, mutable, 7.
    ...[6, 20, 2, 0x7e, 0, 0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f, 0x0b],
    ...[0x7f, 1, 0x41, 7, 0x0b],
    // Custom section `name`, globals: 1 is called `x`.
    ...[0, 11, 4, 0x6e, 0x61, 0x6d, 0x65, 7, 4, 1, 1, 1, 0x78],
  ])
  expect(WebAssembly.validate(module)).toBe(true)
  expect(readGlobals(module)).toEqual([
    { index: 0, name: '0', mutable: false },
    { index: 1, name: 'x', mutable: true },
  ])
})
