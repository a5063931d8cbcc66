/**
 * The folder that outlives a process: what each side must know when it is started again.
 *
 *   receiver        the identity of the receiver, 32 hex digits: a source in doubt asks this one and no other
 *   lock            the process number of the receiver that uses the folder
 *   out-ID.json     source: where the guest comes from, where it goes, `here` or `doubt`; gone when it is over there
 *   in-ID.guest     destination: text JSON (disk, host, policy, …) · blob START · blob PREPARE
 *   in-ID.memory    destination: guest memory, page after page
 *   in-ID.log       destination: what the guest has seen, 40 bytes each
 *   in-ID.text      destination: what a guest of machine code has printed
 *
 * The first file of a side is replaced in one step and is on the disk before the next step of handover.ts; it is what
 * decides. What it will say next is put on the disk beforehand under a temporary name, so the step is only to give it its
 * own, and to flush the folder. `in-ID.memory`, `in-ID.log` and `in-ID.text` are complete and on the disk before in-ID.guest says `prepared`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { flushFolder, replaceWith, StagedFile } from '../file/replace.js'
import { ByteReader, ByteWriter } from '../snapshot/bytes.js'
import { MigrationError } from './error.js'
import type { DestinationDisk, SourceDisk } from './handover.js'
import type { HostChoice } from './host-choice.js'
import { randomId } from './real.js'

const FORMAT = 1
const ID = /^[0-9a-f]{32}$/
const MAX_FILE = 64 * 1024 * 1024
/** There may be a guest's memory in it. */
const PRIVATE = 0o600

/** Where journals go that nobody gave a folder. */
export function defaultJournal(): string {
  const { XDG_STATE_HOME } = process.env
  return join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'chronovisor')
}

function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new MigrationError(folder, null, `${(error as Error).message}; expected a folder for the journal`)
  }
}

function refuse(path: string, detail: string): never {
  throw new MigrationError(path, null, detail)
}

function remove(folder: string, ...names: readonly string[]): void {
  for (const name of names) rmSync(join(folder, name), { force: true })
  flushFolder(folder)
}

/** Of a record that is not yet: a process that is killed may leave one, and it means nothing. */
const NEXT = 'next'
const STAGED_GUEST = /^\.in-[0-9a-f]{32}\.guest\..*\.tmp$/
const nextOf = (name: string): string => `.${name}.${NEXT}.tmp`

// ---- source

/** Files that guests of machine code ran; they are not copied, but must be the same when they are read again. */
export interface CodeRecord {
  /** As on the command line: guest=file, the file by its whole path. */
  readonly code: readonly string[]
  readonly codeMemory?: number
  readonly initrd?: string
  readonly append?: string
  /** Of each file, and of the archive that a folder makes. */
  readonly sha256: Readonly<Record<string, string>>
}

/** How to make the guest again: a run is a pure function of these. Numbers of 64 bits are decimal strings. */
export interface SourceRecord {
  readonly format: typeof FORMAT
  readonly id: string
  readonly disk: Exclude<SourceDisk, 'gone'>
  readonly to: string
  /** Of the receiver; null before it has said it. */
  readonly receiver: string | null
  /** A scenario's text, or the path of a copy of the snapshot. */
  readonly origin:
    | {
        readonly kind: 'scenario'
        readonly text: string
        readonly fileName: string
        readonly seed: number
        readonly code?: CodeRecord
      }
    | { readonly kind: 'snapshot'; readonly path: string }
  readonly guest: string
  readonly policy: string | null
  readonly beginNs: string
  /** From the moment of COMMIT on. */
  readonly stop: {
    readonly stopNs: string
    readonly landNs: string
    readonly steals: readonly (readonly [atNs: string, forNs: string])[]
  } | null
}

const sourceText = (record: SourceRecord): string => `${JSON.stringify(record, null, 2)}\n`

export class SourceJournal {
  readonly path: string
  readonly #folder: string
  #record: SourceRecord
  #next: { readonly record: SourceRecord; readonly file: StagedFile } | null = null

  private constructor(folder: string, record: SourceRecord) {
    this.#folder = folder
    this.#record = record
    this.path = join(folder, `out-${record.id}.json`)
  }

  static begin(
    folder: string,
    record: Omit<SourceRecord, 'format' | 'disk' | 'receiver' | 'stop'>,
  ): SourceJournal {
    prepareFolder(folder)
    const journal = new SourceJournal(folder, {
      ...record,
      format: FORMAT,
      disk: 'here',
      receiver: null,
      stop: null,
    })
    journal.write({})
    return journal
  }

  /** Throws MigrationError. */
  static open(path: string): SourceJournal {
    let record: SourceRecord
    try {
      record = JSON.parse(readFileSync(path, 'utf8')) as SourceRecord
    } catch (error) {
      return refuse(path, `${(error as Error).message}; expected the out-….json of a migration`)
    }
    if (record.format !== FORMAT || !ID.test(record.id) || !['here', 'doubt'].includes(record.disk))
      refuse(path, `this is no journal of format ${FORMAT}; expected the out-….json of a migration`)
    return new SourceJournal(join(path, '..'), record)
  }

  get record(): SourceRecord {
    return this.#record
  }

  /** It is on the disk when this returns. */
  write(change: Partial<SourceRecord>): void {
    this.#record = { ...this.#record, ...change }
    replaceWith(this.path, [sourceText(this.#record)], PRIVATE)
  }

  /** Puts on the disk, beside the record, what `writeStaged` makes it. */
  stage(change: Partial<SourceRecord>): Promise<void> {
    const record = { ...this.#record, ...change }
    this.#next = { record, file: new StagedFile(this.path, [sourceText(record)], PRIVATE, NEXT) }
    return this.#next.file.ready
  }

  /** Once what was staged is ready: it is the record, on the disk too, when this returns. */
  writeStaged(): void {
    const { record, file } = this.#next!
    file.take()
    this.#record = record
  }

  /** The copy of a snapshot that belongs to it. */
  get snapshotPath(): string {
    return join(this.#folder, `out-${this.#record.id}.chv`)
  }

  /** Nothing is left to be remembered. */
  end(): void {
    remove(this.#folder, basename(this.path), basename(this.snapshotPath), nextOf(basename(this.path)))
  }
}

// ---- destination

export interface DestinationRecord {
  readonly format: typeof FORMAT
  readonly id: string
  readonly disk: Exclude<DestinationDisk, 'nothing'>
  readonly source: string
  /** The guest has run to its end: what is left is the answer to its source. */
  readonly over: boolean
  readonly host: HostChoice
  readonly policy: string
  readonly forNs: string | null
}

export class DestinationJournal {
  readonly folder: string
  readonly identity: string

  private constructor(folder: string, identity: string) {
    this.folder = folder
    this.identity = identity
  }

  /** Takes the folder for this process. Throws MigrationError where another has it. */
  static open(folder: string): DestinationJournal {
    prepareFolder(folder)
    const lock = join(folder, 'lock')
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
    if (holder > 0 && holder !== process.pid && alive(holder))
      refuse(folder, `process ${holder} uses this journal (${lock}); expected another folder`)
    writeFileSync(lock, `${process.pid}\n`)
    const file = join(folder, 'receiver')
    if (!existsSync(file)) replaceWith(file, [`${randomId()}\n`], PRIVATE)
    for (const name of readdirSync(folder))
      if (STAGED_GUEST.test(name)) rmSync(join(folder, name), { force: true })
    const identity = readFileSync(file, 'utf8').trim()
    if (!ID.test(identity)) refuse(file, 'this is no identity; expected 32 hex digits')
    return new DestinationJournal(folder, identity)
  }

  close(): void {
    rmSync(join(this.folder, 'lock'), { force: true })
  }

  /** What was left by processes before. */
  records(): { readonly record: DestinationRecord; readonly start: Buffer; readonly prepare: Buffer }[] {
    const files = readdirSync(this.folder).filter((name) => /^in-[0-9a-f]{32}\.guest$/.test(name))
    return files.sort().map((name) => this.#read(join(this.folder, name)))
  }

  #read(path: string) {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_FILE) refuse(path, `it has ${bytes.length} bytes; expected at most ${MAX_FILE}`)
    const from = new ByteReader(bytes, (at, detail) => {
      throw new MigrationError(path, `byte ${at}`, detail)
    })
    const text = from.text('the record')
    const [start, prepare] = [Buffer.from(from.blob('START')), Buffer.from(from.blob('PREPARE'))]
    from.end()
    let record: DestinationRecord
    try {
      record = JSON.parse(text) as DestinationRecord
    } catch (error) {
      return refuse(path, `${(error as Error).message}; expected the in-….guest of a migration`)
    }
    if (record.format !== FORMAT || !ID.test(record.id))
      refuse(path, `this is no journal of format ${FORMAT}; expected the in-….guest of a migration`)
    return { record, start, prepare }
  }

  /** It is on the disk when this returns. */
  write(record: Omit<DestinationRecord, 'format'>, start: Uint8Array, prepare: Uint8Array): void {
    replaceWith(this.#guestPath(record.id), destinationParts(record, start, prepare), PRIVATE)
  }

  /** Puts it on the disk beside the record in force: taking it is the write. */
  stage(record: Omit<DestinationRecord, 'format'>, start: Uint8Array, prepare: Uint8Array): StagedFile {
    const parts = destinationParts(record, start, prepare)
    return new StagedFile(this.#guestPath(record.id), parts, PRIVATE, record.disk)
  }

  #guestPath(id: string): string {
    return join(this.folder, `in-${id}.guest`)
  }

  memoryPath(id: string): string {
    return join(this.folder, `in-${id}.memory`)
  }
  logPath(id: string): string {
    return join(this.folder, `in-${id}.log`)
  }
  textPath(id: string): string {
    return join(this.folder, `in-${id}.text`)
  }

  /** The guest itself: its record stays. */
  dropGuest(id: string): void {
    remove(this.folder, `in-${id}.memory`, `in-${id}.log`, `in-${id}.text`)
  }

  /** All of it, the deciding file first. */
  drop(id: string): void {
    remove(this.folder, `in-${id}.guest`)
    this.dropGuest(id)
  }
}

function destinationParts(
  record: Omit<DestinationRecord, 'format'>,
  start: Uint8Array,
  prepare: Uint8Array,
): readonly Uint8Array[] {
  const text = JSON.stringify({ format: FORMAT, ...record } satisfies DestinationRecord)
  return new ByteWriter().text(text).blob(start).blob(prepare).parts
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
