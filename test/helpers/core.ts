import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

/** Both builds of the core; everything that touches the core is tested on each. */
export const builds = ['release', 'debug'] as const
export type Build = (typeof builds)[number]

/** Guest memory that lab calls use here: 4 KiB of scratch, then rows. */
export const SCRATCH = 0x100000
export const ROWS = SCRATCH + 0x1000
const ROWS_END = 0x200000

type LabCall = (rows: number, count: number, scratch: number) => void

export interface Core {
  readonly memory: WebAssembly.Memory
  /**
   * Gives `rows` to an export of assembly/lab.ts, whose rows are `width` words, and returns them whole, inputs
   * and results, as unsigned 64-bit numbers. State in scratch stays from call to call.
   */
  batch(name: string, width: number, rows: readonly (readonly bigint[])[]): bigint[][]
}

const files = { release: 'core.wasm', debug: 'core.debug.wasm' }
const modules = new Map<Build, WebAssembly.Module>()

function compile(build: Build): WebAssembly.Module {
  const url = new URL(`../../build/${files[build]}`, import.meta.url)
  const module = modules.get(build) ?? new WebAssembly.Module(readFileSync(url))
  modules.set(build, module)
  return module
}

/** A fresh instance of a build. It must import nothing but `env.abort`, which here throws. */
export function loadCore(build: Build): Core {
  const module = compile(build)
  for (const entry of WebAssembly.Module.imports(module))
    expect(`${entry.module}.${entry.name}`).toBe('env.abort')
  const abort = () => {
    throw new Error('the core called abort')
  }
  const { exports } = new WebAssembly.Instance(module, { env: { abort } })
  const memory = exports.memory as WebAssembly.Memory
  const batch = (name: string, width: number, rows: readonly (readonly bigint[])[]) => {
    const call = exports[name] as LabCall
    const capacity = Math.floor((ROWS_END - ROWS) / (8 * width))
    const results: bigint[][] = []
    for (let start = 0; start < rows.length; start += capacity) {
      const part = rows.slice(start, start + capacity)
      const words = new BigUint64Array(memory.buffer, ROWS, part.length * width)
      // What a call leaves unwritten must not look like a result.
      words.fill(0xdead_beef_dead_beefn)
      part.forEach((row, i) => {
        words.set(row, i * width)
      })
      call(ROWS, part.length, SCRATCH)
      part.forEach((_, i) => {
        results.push([...words.slice(i * width, (i + 1) * width)])
      })
    }
    return results
  }
  return { memory, batch }
}

export const MAX_U64 = (1n << 64n) - 1n
export const NS_PER_S = 1_000_000_000n

export function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}

export function s64(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}

/** The model of pvclock scaling (assembly/x86/scale.ts scale_delta) with integers of any size. */
export function scaleDeltaModel(delta: bigint, mul: bigint, shift: bigint): bigint {
  const shifted = shift < 0n ? delta >> -shift : u64(delta << shift)
  return (shifted * mul) >> 32n
}
