/** A Worker fetches the module that it runs on. */
import { type ModuleName, provideModule } from '../../core/load.js'

/** Compiled while it arrives, where the server says what it is. */
async function fetched(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the core (${url}) did not come: ${response.status}`)
  if (response.headers.get('content-type') === 'application/wasm')
    return WebAssembly.compileStreaming(response)
  return WebAssembly.compile(await response.arrayBuffer())
}

export async function fetchModule(name: ModuleName, url: string): Promise<void> {
  provideModule(name, await fetched(url))
}
