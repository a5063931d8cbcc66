/**
 * QEMU's migration stream, read from begin to end. Integers are big-endian; `name` is a u8 length and letters.
 *
 *   "QEVM" · u32 version 3
 *   07 configuration   u32 n · machine type, n letters · subsections
 *   then sections, by their first byte:
 *   01 start   u32 id · name · u32 instance · u32 version · content      guest memory and the like: in parts
 *   02 part    u32 id · content
 *   03 end     u32 id · content
 *   04 full    u32 id · name · u32 instance · u32 version · content      a device, as the JSON description tells it
 *   08 command u16 command · u16 n · n bytes
 *      each but a command followed by 7e u32 id, the footer (machine types from 2.4 on)
 *   05 subsection, at the end of a content: name · u32 version · content
 *   00 end · 06 u32 n · JSON description, n bytes
 *
 * Sections in parts are known by name: `ram` and `spapr/htab`, each with its own framing. Nothing is allocated by
 * what a length says; guest memory is passed over.
 *
 * Source: QEMU migration/savevm.c, migration/vmstate.c; hw/ppc/spapr.c for the HTAB.
 */
import { StreamFile } from '../file.js'
import { Cursor } from './cursor.js'
import {
  contentBytes,
  type Description,
  type Device,
  readDescription,
  type Shape,
  subsectionHeaderBytes,
  VM_DESCRIPTION,
} from './description.js'
import { noRam, type Ram, readRam } from './ram.js'

export const MAGIC = 0x5145564d
const VERSION = 3
const Type = {
  end: 0,
  start: 1,
  part: 2,
  last: 3,
  full: 4,
  subsection: 5,
  configuration: 7,
  command: 8,
} as const
const FOOTER = 0x7e
/** MIG_CMD_PACKAGED: a stream within the stream. */
const COMMAND_PACKAGED = 5
/** Sections that are wanted are kept in memory: a vCPU has some kB. */
const MAX_KEPT = 64 << 20
const MAX_SECTIONS = 65_536
const MAX_CAPABILITIES = 256

/** A device's section, or one that came in parts. */
export interface QemuSection {
  /** As its header has it, with the device's path: `vty@71000000/spapr_vty`. */
  readonly name: string
  readonly instance: number
  readonly version: number
  readonly id: number
  /** Where its content begins in the file; of one in parts, the first. */
  readonly at: number
  /** Of the content, over all parts. */
  bytes: number
  /** 0: it is not one in parts. */
  parts: number
  /** null: it is in parts. */
  readonly shape: Shape | null
  /** null: it was not wanted. */
  readonly content: Buffer | null
}

export interface QemuStream {
  readonly path: string
  readonly bytes: number
  /** Machine type: `pseries-7.2`; null: the stream has no configuration section. */
  readonly machine: string | null
  readonly capabilities: readonly string[]
  readonly footers: boolean
  readonly sections: readonly QemuSection[]
  readonly ram: Ram
  readonly description: Description
}

/** Throws StreamError. `keep`: of which devices the content is wanted, by vmsd_name. */
export function readSections(path: string, keep: (name: string) => boolean): QemuStream {
  const file = new StreamFile(path)
  try {
    const cursor = new Cursor(file)
    readHeader(cursor)
    return new SectionReader(path, cursor, readDescription(path), keep).read()
  } finally {
    file.close()
  }
}

function readHeader(from: Cursor): void {
  const magic = from.u32('the magic')
  if (magic !== MAGIC)
    from.refuse(`the magic is ${magic.toString(16)}; expected ${MAGIC.toString(16)}, "QEVM"`, 4)
  const version = from.u32('the version')
  if (version !== VERSION) from.refuse(`the stream is of version ${version}; expected ${VERSION}`, 4)
}

class SectionReader {
  readonly #path: string
  readonly #from: Cursor
  readonly #description: Description
  readonly #keep: (name: string) => boolean
  readonly #sections: QemuSection[] = []
  readonly #byId = new Map<number, QemuSection>()
  readonly #devices: ReadonlyMap<string, Device>
  readonly #capabilities: string[] = []
  readonly #ram = noRam()
  #machine: string | null = null
  #footers: boolean | null = null
  #kept = 0

  constructor(path: string, from: Cursor, description: Description, keep: (name: string) => boolean) {
    this.#path = path
    this.#from = from
    this.#description = description
    this.#keep = keep
    this.#devices = new Map(description.devices.map((one) => [`${one.instance} ${one.section}`, one]))
  }

  read(): QemuStream {
    const from = this.#from
    for (let first = true; ; first = false) {
      from.section = 'a section’s header'
      const type = from.u8('the type of a section')
      if (type === Type.end) break
      if (type === Type.configuration && first) this.#configuration()
      else if (type === Type.start || type === Type.full) this.#begin(type)
      else if (type === Type.part || type === Type.last) this.#goOn()
      else if (type === Type.command) this.#command()
      else
        from.refuse(
          `the type of a section is ${type}; expected 0 (end), 1 to 4 (a section) or 8 (a command)`,
          1,
        )
    }
    if (from.at !== this.#description.at || from.peek() !== VM_DESCRIPTION)
      from.refuse(
        `the sections end here; expected them to reach the JSON description at byte ${this.#description.at}`,
      )
    return {
      path: this.#path,
      bytes: from.file.size,
      machine: this.#machine,
      capabilities: this.#capabilities,
      footers: this.#footers ?? false,
      sections: this.#sections,
      ram: this.#ram,
      description: this.#description,
    }
  }

  // ---- configuration

  #configuration(): void {
    const from = this.#from
    from.section = 'the configuration'
    const length = from.u32('the length of the machine type')
    if (length > 255) from.refuse(`the machine type has ${length} letters; expected at most 255`, 4)
    this.#machine = from.letters(length, 'the machine type')
    while (from.peek() === Type.subsection) {
      from.u8('the type of a subsection')
      const name = from.name('a subsection')
      from.section = `subsection ${name}`
      from.u32('the version of a subsection')
      this.#configurationPart(name)
    }
  }

  #configurationPart(name: string): void {
    const from = this.#from
    if (name === 'configuration/target-page-bits') {
      const bits = from.u32('the bits of a page')
      if (2 ** bits !== this.#description.pageSize)
        from.refuse(
          `a page has ${bits} bits; expected the ${this.#description.pageSize} bytes of the description`,
          4,
        )
    } else if (name === 'configuration/uuid') {
      from.skip(16, 'the UUID')
    } else if (name === 'configuration/capabilities') {
      const count = from.u32('the number of capabilities')
      if (count > MAX_CAPABILITIES)
        from.refuse(`there are ${count} capabilities; expected at most ${MAX_CAPABILITIES}`, 4)
      for (let i = 0; i < count; i++) this.#capability(from.name('a capability'))
    } else {
      const shape =
        this.#description.configuration?.subsections.find((one) => one.name === name) ??
        from.refuse('nothing says what is in it; expected target-page-bits, capabilities or uuid')
      from.skip(contentBytes(shape), name)
    }
  }

  #capability(name: string): void {
    if (name === 'mapped-ram' || name === 'fixed-ram')
      this.#from.refuse(
        `memory is at fixed places of the file (${name}); expected a stream of one channel, written without it`,
        name.length,
      )
    this.#capabilities.push(name)
  }

  // ---- sections

  #begin(type: number): void {
    const from = this.#from
    const id = from.u32('the id of a section')
    const name = from.name('a section')
    from.section = `section ${name}`
    const instance = from.u32('the instance')
    const version = from.u32('the version')
    if (this.#byId.has(id)) from.refuse(`there is a second section of id ${id}; expected each once`)
    if (this.#sections.length === MAX_SECTIONS)
      from.refuse(`more than ${MAX_SECTIONS} sections; expected fewer`)
    const header = { name, instance, version, id, at: from.at }
    const section =
      type === Type.full
        ? { ...header, ...this.#device(name, instance, version), parts: 0 }
        : { ...header, shape: null, content: null, parts: 1, bytes: 0 }
    if (type === Type.start) section.bytes = this.#part(name, true)
    this.#sections.push(section)
    this.#byId.set(id, section)
    this.#footer(id)
  }

  #goOn(): void {
    const from = this.#from
    const id = from.u32('the id of a section')
    const section = this.#byId.get(id) ?? { name: '', parts: 0, bytes: 0 }
    if (section.parts === 0)
      from.refuse(`a part of section ${id}; expected the id of one that was started`, 4)
    from.section = `section ${section.name}`
    section.parts++
    section.bytes += this.#part(section.name, false)
    this.#footer(id)
  }

  /** One part of a section that is not described. Returns its length. */
  #part(name: string, first: boolean): number {
    const from = this.#from
    const { at } = from
    if (name === 'ram')
      readRam(from, this.#ram, { pageSize: this.#description.pageSize, capabilities: this.#capabilities })
    else if (name === 'spapr/htab') readHashTable(from, first)
    else from.refuse('nothing says how long a part of it is; expected ram or spapr/htab')
    return from.at - at
  }

  #device(name: string, instance: number, version: number) {
    const from = this.#from
    const device = this.#devices.get(`${instance} ${name}`)
    if (!device)
      return from.refuse(`instance ${instance} is not in the JSON description; expected each device in it`)
    // Devices of the old style have no version in the description.
    if (device.version !== version && device.name !== '')
      from.refuse(`it is of version ${version}; expected the ${device.version} of the description`, 4)
    const content = this.#keep(device.name) ? this.#content(device) : null
    if (!content) this.#passContent(device)
    return { shape: device, content, bytes: contentBytes(device) }
  }

  #content(shape: Shape): Buffer {
    const from = this.#from
    const bytes = contentBytes(shape)
    this.#kept += bytes
    if (this.#kept > MAX_KEPT)
      from.refuse(`the sections about time have more than ${MAX_KEPT} bytes; expected less`)
    const { at } = from
    const content = from.large(bytes, 'the section')
    this.#checkSubsections(shape, content, 0, at)
    return content
  }

  /** Passes over a device, from subsection to subsection. */
  #passContent(shape: Shape): void {
    const from = this.#from
    from.skip(fieldBytes(shape), 'the fields')
    for (const one of shape.subsections) {
      this.#checkHeader(one, from.bytes(subsectionHeaderBytes(one), `subsection ${one.name}`), from.at)
      this.#passContent(one)
    }
  }

  /** Of content that is kept; those within structs are held by the struct's length. */
  #checkSubsections(shape: Shape, content: Buffer, start: number, base: number): number {
    let at = start + fieldBytes(shape)
    for (const one of shape.subsections) {
      const header = subsectionHeaderBytes(one)
      this.#checkHeader(one, content.subarray(at, at + header), base + at + header)
      at = this.#checkSubsections(one, content, at + header, base)
    }
    return at
  }

  #checkHeader(shape: Shape, header: Buffer, end: number): void {
    const expected = Buffer.alloc(header.length)
    expected.writeUInt8(Type.subsection, 0)
    expected.writeUInt8(header.length - 6, 1)
    expected.write(shape.name, 2)
    expected.writeUInt32BE(shape.version, header.length - 4)
    if (!header.equals(expected))
      this.#from.refuse(
        `no header of subsection ${shape.name}, version ${shape.version}; expected it as described`,
        this.#from.at - end + header.length,
      )
  }

  #footer(id: number): void {
    const from = this.#from
    const there = from.peek() === FOOTER
    if (this.#footers === null) this.#footers = there
    if (this.#footers !== there)
      from.refuse(`the section ends here; expected ${there ? 'no footer, as before' : 'its footer, 7e'}`)
    if (!there) return
    from.u8('the footer')
    const told = from.u32('the id in the footer')
    if (told !== id) from.refuse(`the footer is of section ${told}; expected ${id}`, 4)
  }

  #command(): void {
    const from = this.#from
    from.section = 'a command'
    const command = from.u16('a command')
    if (command === COMMAND_PACKAGED)
      from.refuse('the devices are packed in a stream of their own (postcopy); expected a precopy stream', 2)
    from.skip(from.u16('the length of a command'), 'a command')
  }
}

function fieldBytes({ fields }: Shape): number {
  return fields.reduce((sum, { size, count }) => sum + size * count, 0)
}

/**
 * The hash page table of a pseries guest. The first part is its size as a power of two; -1: it has none (radix). In
 * each other part: u32 0 (or -1) · groups of u32 index · u16 valid · u16 invalid · valid × 16 bytes, the last all 0.
 */
function readHashTable(from: Cursor, first: boolean): void {
  const head = from.u32('the head of the hash table')
  if (first || head === 0xffff_ffff) return
  if (head !== 0) from.refuse(`a part of the hash table begins with ${head}; expected 0`, 4)
  for (;;) {
    const index = from.u32('an index of the hash table')
    const valid = from.u16('a number of valid entries')
    const invalid = from.u16('a number of invalid entries')
    if (index === 0 && valid === 0 && invalid === 0) return
    from.skip(valid * 16, 'entries of the hash table')
  }
}
