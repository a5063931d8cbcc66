/**
 * The state of the machine's page and everything that changes it. Components show `state` and call the methods; the
 * machine itself is in the Worker (worker.ts).
 */
import { isSaved } from '../../power/saved-magic.js'
import { download } from '../download.js'
import { BUILT_IN, type Chosen, FIRST_PROCESS, fetchGuest, fileBytes, sorted } from './guests.js'
import type { Ask, Begin, NamedBytes, Picture, Told, View, Way } from './protocol.js'

/** What stands in the fields. */
export interface Form {
  /** A built-in guest's name; empty: the files. */
  readonly guest: string
  readonly append: string
  readonly memoryMib: number
  readonly cpus: number
  readonly input: string
  /** Where it is to stop; empty: nowhere. */
  readonly until: string
  readonly paced: boolean
}

export interface State {
  readonly form: Form
  readonly files: Chosen | null
  readonly view: View | null
  /** What the guest has printed; a character is a byte. */
  readonly text: string
  readonly picture: Picture | null
  readonly problem: string
  /** A machine is being made, from the first byte of its files until it is there: nothing moves the one before. */
  readonly busy: boolean
}

const SMALL_MIB = 16
const KERNEL_MIB = 1024
const KERNEL_WORDS = 'console=hvc0 panic=-1 every=100 count=10 sleepers=7 then=stay'
/** A tenth of a second: enough to see something. */
const FIRST_STOP = '100,000,000'

export class Desk {
  state: State = {
    form: {
      guest: BUILT_IN[0]!.name,
      append: '',
      memoryMib: SMALL_MIB,
      cpus: 1,
      input: '',
      until: FIRST_STOP,
      paced: true,
    },
    files: null,
    view: null,
    text: '',
    picture: null,
    problem: '',
    busy: false,
  }
  readonly #listeners = new Set<() => void>()
  /** Number of the machine at hand, or of the one that is being made. */
  #session = 0
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Told>) => this.#hear(data)
    this.#worker.onerror = ({ message }) =>
      this.#set({ problem: message || 'the Worker could not be started', busy: false })
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #set(change: Partial<State>): void {
    this.state = { ...this.state, ...change }
    for (const listener of this.#listeners) listener()
  }

  #ask(ask: Ask): void {
    this.#worker.postMessage(ask)
  }

  #hear(told: Told): void {
    if (told.kind === 'problem') this.#set({ problem: told.message, busy: false })
    else if (told.kind === 'picture') this.#set({ picture: told.picture })
    else if (told.kind === 'file') download(told.blob, `${this.#title}.chvp`)
    else this.#show(told.view)
  }

  #show(view: View): void {
    // Told before the Worker heard that there is to be another machine.
    if (view.session !== this.#session) return
    const text = this.state.text.slice(0, view.from) + view.printed
    const isFirst = this.state.view === null
    this.#set({ view, text, ...(isFirst && { busy: false }) })
  }

  get #title(): string {
    return this.state.view?.title ?? 'machine'
  }

  fill(change: Partial<Form>): void {
    this.#set({ form: { ...this.state.form, ...change }, problem: '' })
  }

  /** Files from the disk: programs, kernels, RAM disks, saved machines. */
  async take(list: readonly File[]): Promise<void> {
    if (list.length === 0) return
    this.#set({ busy: true, problem: '' })
    try {
      const files = await Promise.all(list.map(fileBytes))
      const saved = files.find(({ bytes }) => isSaved(bytes))
      if (saved) {
        this.#begin({ kind: 'open', file: saved })
        return
      }
      const before = this.state.form.guest === '' ? this.state.files : null
      this.#choose(sorted(withBefore(files, before)))
    } catch (error) {
      this.#fail(error)
    }
  }

  #choose(files: Chosen): void {
    const { isKernel } = files
    const fits = isKernel
      ? { memoryMib: KERNEL_MIB, append: KERNEL_WORDS, until: '' }
      : { memoryMib: 4 * SMALL_MIB, append: '', until: '' }
    const kept = this.state.files?.program === files.program ? {} : fits
    this.#set({ files, form: { ...this.state.form, ...kept, guest: '' }, busy: false })
  }

  /** Switches a machine on with what the fields say, and runs it. */
  async boot(): Promise<void> {
    const { form, files } = this.state
    const { append, memoryMib, cpus, input } = form
    this.#set({ busy: true, problem: '' })
    try {
      const way = this.#way(0n)
      const { program, initrd } = await this.#guest(form.guest, files)
      const setup = { program, initrd, append, ramBytes: memoryMib * 2 ** 20, cpus, input }
      this.#begin({ kind: 'boot', setup, way })
    } catch (error) {
      this.#fail(error)
    }
  }

  async #guest(name: string, files: Chosen | null): Promise<Chosen> {
    const builtIn = BUILT_IN.find((one) => one.name === name)
    if (builtIn) return { program: await fetchGuest(builtIn), initrd: null, isKernel: false }
    if (!files) throw new Error('no file is chosen; expected a program or a kernel')
    if (files.initrd || !files.isKernel) return files
    return { ...files, initrd: await fetchGuest(FIRST_PROCESS) }
  }

  #begin(begin: Begin): void {
    this.#set({ view: null, text: '', picture: null, problem: '', busy: true })
    this.#ask({ ...begin, session: ++this.#session })
  }

  #fail(error: unknown): void {
    this.#set({ problem: error instanceof Error ? error.message : String(error), busy: false })
  }

  // ---- the machine at hand

  run(): void {
    try {
      const way = this.#way(this.state.view?.cycles ?? 0n)
      this.#set({ problem: '' })
      this.#ask({ kind: 'run', way })
    } catch (error) {
      this.#fail(error)
    }
  }

  /** As the fields say, from where it stands. */
  #way(at: bigint): Way {
    const { until, paced } = this.state.form
    const text = until.replaceAll(/[\s_,]/g, '')
    if (!/^\d*$/.test(text)) throw new Error(`stop at cycle ${until}; expected a whole number, or nothing`)
    const to = text === '' ? null : BigInt(text)
    if (to !== null && to <= at)
      throw new Error(`it stands at cycle ${at}; expected a later one to stop at, or nothing`)
    return { until: to, paced }
  }

  stop(): void {
    this.#ask({ kind: 'stop' })
  }

  type(text: string): void {
    this.#ask({ kind: 'type', text })
  }

  keep(): void {
    this.#ask({ kind: 'keep' })
  }

  back(kept: number): void {
    this.#ask({ kind: 'back', kept })
  }

  /** From the start, with the same keys in the same cycles, to where it stands now. */
  again(): void {
    const { view } = this.state
    if (!view) return
    this.#begin({ kind: 'again', way: { until: view.end === null ? view.cycles : null, paced: false } })
  }

  draw(width: number): void {
    this.#ask({ kind: 'draw', width })
  }

  save(): void {
    this.#ask({ kind: 'save' })
  }

  saveConsole(): void {
    const bytes = Uint8Array.from(this.state.text, (character) => character.charCodeAt(0))
    download(new Blob([bytes], { type: 'text/plain' }), `${this.#title}.console.txt`)
  }
}

/** A RAM disk that comes after its kernel, or the other way round. */
function withBefore(files: readonly NamedBytes[], before: Chosen | null): readonly NamedBytes[] {
  if (!before?.isKernel || files.length !== 1 || isKernelFile(files[0]!)) return files
  return [before.program, files[0]!]
}

function isKernelFile(file: NamedBytes): boolean {
  try {
    return sorted([file]).isKernel
  } catch {
    return false
  }
}
