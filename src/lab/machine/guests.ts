/** What can be run: small programs that come with the page, and files of whoever sits there. */

import initUrl from '../../../test/guests/linux/init.elf?url'
import tickUrl from '../../../test/guests/power/b32-tick.elf?url'
import clocksUrl from '../../../test/guests/power/b64-clocks.elf?url'
import sortUrl from '../../../test/guests/power/b64-sort.elf?url'
import { isElf, readElf, relocatesItself } from '../../power/elf.js'

import type { NamedBytes } from './protocol.js'

export interface BuiltIn {
  readonly name: string
  readonly title: string
  readonly url: string
}

export const BUILT_IN: readonly BuiltIn[] = [
  { name: 'b64-clocks', title: 'says what TB and DEC show, each 10 ms (pseries)', url: clocksUrl },
  { name: 'b64-sort', title: 'sorts numbers (pseries)', url: sortUrl },
  { name: 'b32-tick', title: 'prints TB and DEC (32-bit board)', url: tickUrl },
]

/** The first process of test/guests/linux, for kernels that come without one. */
export const FIRST_PROCESS: BuiltIn = { name: 'init.elf', title: 'our first process', url: initUrl }

export async function fetchGuest({ name, url }: BuiltIn): Promise<NamedBytes> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${name} (${url}) did not come: ${response.status}`)
  return { name, bytes: new Uint8Array(await response.arrayBuffer()) }
}

export async function fileBytes(file: File): Promise<NamedBytes> {
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }
}

export interface Chosen {
  readonly program: NamedBytes
  readonly initrd: NamedBytes | null
  /** A kernel, which moves itself and wants a first process. */
  readonly isKernel: boolean
}

/** Of one or two files which is the program and which the RAM disk. Throws ElfError, Error. */
export function sorted(files: readonly NamedBytes[]): Chosen {
  const isKernel = ({ name, bytes }: NamedBytes) => isElf(bytes) && relocatesItself(readElf(bytes, name))
  const kernel = files.find(isKernel)
  const program = kernel ?? files.find(({ bytes }) => isElf(bytes))
  if (!program) throw new Error(`${files.map(({ name }) => name).join(', ')}: expected an ELF file for Power`)
  const others = files.filter((file) => file !== program)
  if (others.length > 1) throw new Error(`${files.length} files; expected a program and at most a RAM disk`)
  return { program, initrd: others[0] ?? null, isKernel: kernel !== undefined }
}
