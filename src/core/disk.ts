/** The core as a file. The lab page, which has no disk, is built with another module in this one's place. */
import { readFileSync } from 'node:fs'

/** A file of build/, which lies beside src/ and dist/. */
export function readBuild(file: string): Uint8Array<ArrayBuffer> {
  return readFileSync(new URL(`../../build/${file}`, import.meta.url)) as Uint8Array<ArrayBuffer>
}
