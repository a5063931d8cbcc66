/** In the place of src/core/disk.ts: a page has no disk; its core is fetched (worker.ts). */

export function readBuild(file: string): Uint8Array<ArrayBuffer> {
  throw new Error(`${file} was asked for before the page had fetched it`)
}
