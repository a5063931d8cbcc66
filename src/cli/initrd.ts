/** `--initrd`: a file as it is, or a folder, of which an archive is made. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CONSOLE, initramfs, type RamFile, ramFile, ramFolder, ramLink } from '../power/index.js'
import { InputError } from './output.js'

const EXECUTABLE = 0o100

export interface Initrd {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Throws InputError for a folder that is no guest's root. */
export function readInitrd(name: string): Initrd {
  return { name, bytes: statSync(name).isDirectory() ? archiveOf(name) : readFileSync(name) }
}

/** Sorted by name, everything root's; of the rights only whether something can be executed. A console is put in. */
function archiveOf(folder: string): Uint8Array {
  const files = [...below(folder, '')]
  const has = (path: string) => files.some((one) => one.path === path)
  if (!has('init'))
    throw new InputError(`${folder}: nothing named init; expected the program that is the first process`)
  const dev = has('dev') ? [] : [ramFolder('dev')]
  return initramfs([...files, ...dev, ...(has(CONSOLE.path) ? [] : [CONSOLE])])
}

function* below(folder: string, inside: string): Generator<RamFile> {
  for (const name of readdirSync(join(folder, inside)).sort()) {
    const path = inside === '' ? name : `${inside}/${name}`
    const at = join(folder, path)
    const found = lstatSync(at)
    if (found.isDirectory()) {
      yield ramFolder(path)
      yield* below(folder, path)
    } else if (found.isSymbolicLink()) yield ramLink(path, readlinkSync(at))
    else if (found.isFile()) yield ramFile(path, readFileSync(at), found.mode & EXECUTABLE ? 0o755 : 0o644)
    else throw new InputError(`${at}: neither file, folder nor link; expected one of these`)
  }
}
