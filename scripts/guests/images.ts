/** Guests of other people that are run here, each a file out of a Debian package; none of them is part of the project. */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { replaceWith } from '../../src/file/replace.js'
import { busyboxRoot } from './busybox.js'
import { FetchError, unpackDebian } from './debian.js'

interface Image {
  readonly suite: string
  readonly architecture: string
  readonly pattern: RegExp
  readonly folder: string
  readonly file: RegExp
  /** The guest is made of that file, and lies beside the package under this name. */
  readonly makes?: { readonly name: string; readonly of: (file: string) => Uint8Array }
}

const IMAGES = {
  'linux-6.1': {
    suite: 'bookworm',
    architecture: 'ppc64el',
    pattern: /^linux-image-6\.1\.[\d.-]+-powerpc64le$/,
    folder: 'boot',
    file: /^vmlinux-/,
  },
  'linux-6.12': {
    suite: 'trixie',
    architecture: 'ppc64el',
    pattern: /^linux-image-6\.12\.[^ ]+-powerpc64le$/,
    folder: 'boot',
    file: /^vmlinux-/,
  },
  slof: {
    suite: 'bookworm',
    architecture: 'all',
    pattern: /^qemu-system-data$/,
    folder: 'usr/share/qemu',
    file: /^slof\.bin$/,
  },
  busybox: {
    suite: 'bookworm',
    architecture: 'ppc64el',
    pattern: /^busybox-static$/,
    folder: 'bin',
    file: /^busybox$/,
    makes: { name: 'busybox.cpio', of: busyboxRoot },
  },
} as const satisfies Record<string, Image>

export type ImageName = keyof typeof IMAGES
export const IMAGE_NAMES = Object.keys(IMAGES) as ImageName[]

/** Outside the project, and kept from run to run. */
export const GUESTS = join(tmpdir(), 'chronovisor-guests')

/** The path of a file of a package, unpacked below `folder` if it is not there. Throws FetchError. */
export function packagedFile(name: ImageName, folder = GUESTS): string {
  const image: Image = IMAGES[name]
  const at = join(unpackDebian(folder, image.suite, image.architecture, image.pattern), image.folder)
  const file = readdirSync(at).find((one) => image.file.test(one))
  if (!file) throw new FetchError(`${name}: no file like ${image.file} in ${at}`)
  return join(at, file)
}

/** The path of a guest: such a file, or what is made of it. Throws FetchError. */
export function guestFile(name: ImageName, folder = GUESTS): string {
  const { makes }: Image = IMAGES[name]
  const file = packagedFile(name, folder)
  if (!makes) return file
  const made = join(folder, makes.name)
  replaceWith(made, [makes.of(file)])
  return made
}
