/** Finds and instantiates the core. */
import { readBuild } from './disk.js'
import type { CoreExports } from './exports.js'

/** `release` is what everyone runs; `debug` checks every memory access and assertion, for tests. */
export type Build = 'release' | 'debug'

const files: Record<Build, string> = { release: 'core.wasm', debug: 'core.debug.wasm' }
const modules = new Map<Build, WebAssembly.Module>()

/** Takes the release build from whoever could not leave it on a disk: a page that has fetched it. */
export function provideCore(module: WebAssembly.Module): void {
  modules.set('release', module)
}

function compiled(build: Build): WebAssembly.Module {
  let module = modules.get(build)
  if (!module) {
    module = new WebAssembly.Module(readBuild(files[build]))
    modules.set(build, module)
  }
  return module
}

/** A fresh instance of the core with a memory of its own. The core's only import is env.abort. */
export function instantiate(build: Build = 'release'): CoreExports {
  const abort = (_message: number, _file: number, line: number, column: number): never => {
    throw new Error(`the core failed an assertion at line ${line}, column ${column} of its source`)
  }
  return new WebAssembly.Instance(compiled(build), { env: { abort } }).exports as unknown as CoreExports
}
