/** A root with Debian's busybox and little else: a shell on the console. */
import { readFileSync } from 'node:fs'
import { CONSOLE, initramfs, ramFile, ramFolder, ramLink } from '../../src/power/index.js'

const INIT = new URL('./busybox-init.sh', import.meta.url)
const EXECUTABLE = 0o755

/** The archive with the busybox of a file, and other programs by their names. */
export function busyboxRoot(file: string, programs: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  return initramfs([
    ramFolder('bin'),
    ramFile('bin/busybox', readFileSync(file), EXECUTABLE),
    ...Object.entries(programs).map(([name, bytes]) => ramFile(`bin/${name}`, bytes, EXECUTABLE)),
    ramLink('bin/sh', 'busybox'),
    ramFolder('dev'),
    CONSOLE,
    ramFile('init', readFileSync(INIT), EXECUTABLE),
    ...['proc', 'root', 'sys', 'tmp'].map(ramFolder),
  ])
}
