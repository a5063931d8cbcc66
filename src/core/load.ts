/** Finds and instantiates the core's two modules. */
import { readBuild } from './disk.js'
import type { CoreExports } from './exports.js'

/** `release` is what everyone runs; `debug` checks every memory access and assertion, for tests. */
export type Build = 'release' | 'debug'
/** build/core.wasm, and build/power.wasm for machine code. */
export type ModuleName = 'core' | 'power'

const modules = new Map<string, WebAssembly.Module>()

const fileOf = (name: ModuleName, build: Build): string =>
  build === 'release' ? `${name}.wasm` : `${name}.debug.wasm`

/** Takes the release build from whoever could not leave it on a disk: a page that has fetched it. */
export function provideModule(name: ModuleName, module: WebAssembly.Module): void {
  modules.set(fileOf(name, 'release'), module)
}

function compiled(file: string): WebAssembly.Module {
  let module = modules.get(file)
  if (!module) {
    module = new WebAssembly.Module(readBuild(file))
    modules.set(file, module)
  }
  return module
}

/** A fresh instance with a memory of its own. The only import is env.abort. */
export function instanceOf(name: ModuleName, build: Build = 'release'): WebAssembly.Exports {
  const abort = (_message: number, _file: number, line: number, column: number): never => {
    throw new Error(`the core failed an assertion at line ${line}, column ${column} of its source`)
  }
  return new WebAssembly.Instance(compiled(fileOf(name, build)), { env: { abort } }).exports
}

export function instantiate(build?: Build): CoreExports {
  return instanceOf('core', build) as unknown as CoreExports
}
