/** Folders for the files of a test, gone after the tests of the file. Called at the top of a test file or of a fixture. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A folder, and a way to put bytes into a file in it. */
export function filesFolder(): { readonly folder: string; put(name: string, bytes: Uint8Array): string } {
  const folder = temporaryFolder()
  const put = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  }
  return { folder, put }
}
