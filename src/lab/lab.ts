/**
 * The state of the page and everything that changes it. Components show `state` and call the methods; what is
 * computed comes from the Worker.
 *
 *   open, edit, turn, choose ──> simulate ──> run ──> draw, look, columns of the table
 *   pan, zoom                ──> window ────────────> draw
 *   point, step              ──> at ────────────────> look
 */
import { library } from 'virtual:library'
import { Client, Refused, Superseded } from './client.js'
import { decodeLink, encodeLink, type LinkState } from './link.js'
import type { Column, Grain, Instant, Knob, LibraryEntry, Problem, RunView, Window } from './protocol.js'
import { STORY, type StoryStep } from './story.js'

export interface State {
  /** The library's scenario that is shown or was edited. */
  readonly entry: LibraryEntry
  readonly text: string
  /** In place of the guests' own on the first side; null: none. */
  readonly policy: string | null
  /** Of the second side; null: there is one side. */
  readonly beside: string | null
  readonly seed: number | null
  readonly busy: boolean
  /** What is wrong with the text; the last run that was right stays on the page. */
  readonly problem: Problem | null
  /** Counts the runs, so that what shows one knows when it is another. */
  readonly serial: number
  readonly run: RunView | null
  /** null: all of it. */
  readonly window: Window | null
  readonly side: number
  readonly atNs: bigint | null
  readonly instant: Instant | null
  readonly grain: Grain
  /** What the last step came to. */
  readonly stepped: readonly string[]
  readonly columns: readonly Column[]
  /** Which step of the story is told; null: none. */
  readonly story: number | null
  readonly notice: string
}

export const FIRST = 'xen-1282-stale-lower'
const entryOf = (name: string): LibraryEntry | undefined => library.find((entry) => entry.name === name)
const PICTURE_FIRST_MS = 50

export class Lab {
  state: State
  readonly client = new Client()
  readonly #listeners = new Set<() => void>()
  #linkTimer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    const entry = entryOf(FIRST)!
    this.state = {
      entry,
      text: entry.text,
      policy: null,
      beside: null,
      seed: null,
      busy: true,
      problem: null,
      serial: 0,
      run: null,
      window: null,
      side: 0,
      atNs: null,
      instant: null,
      grain: 'quiet',
      stepped: [],
      columns: [],
      story: null,
      notice: '',
    }
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #set(change: Partial<State>): void {
    this.state = { ...this.state, ...change }
    for (const listener of this.#listeners) listener()
    clearTimeout(this.#linkTimer)
    this.#linkTimer = setTimeout(() => this.#showLink(), 300)
  }

  get window(): Window {
    return this.state.window ?? { fromNs: 0n, untilNs: this.state.run?.endNs ?? 1n }
  }

  /** Whether the text is the library's own. */
  get isEdited(): boolean {
    return this.state.text !== this.state.entry.text
  }

  // ---- what is simulated

  open(name: string): void {
    const entry = entryOf(name)
    if (!entry) {
      this.#set({ notice: `There is no scenario ${name} in the library.` })
      return
    }
    this.#set({ entry, text: entry.text, policy: null, beside: null, seed: null, story: null, ...NOWHERE })
    void this.simulate()
  }

  edit(text: string): void {
    this.#set({ text })
    void this.simulate()
  }

  async turn({ path }: Knob, value: string): Promise<void> {
    const text = await this.#quietly(this.client.call('turn', { text: this.state.text, path, value }))
    if (text !== null) this.edit(text)
  }

  choose(choice: Partial<Pick<State, 'policy' | 'beside' | 'seed'>>): void {
    const { run } = this.state
    // Under its own policy the guest is not under one in its place.
    const own = choice.policy !== undefined && choice.policy === run?.ownPolicy ? { policy: null } : {}
    this.#set({ ...choice, ...own, side: 0 })
    void this.simulate()
  }

  async simulate(): Promise<void> {
    const { text, entry, policy, beside, seed } = this.state
    const fileName = this.isEdited ? 'scenario.yaml' : `${entry.name}.yaml`
    const policies = beside === null ? [policy] : [policy, beside]
    this.#set({ busy: true })
    try {
      const run = await this.client.call('run', { text, fileName, policies, seed })
      const { atNs, window, serial } = this.state
      const kept = {
        atNs: atNs !== null && atNs > run.endNs ? null : atNs,
        window: window && window.untilNs > run.endNs ? null : window,
      }
      this.#set({ run, ...kept, busy: false, problem: null, serial: serial + 1, stepped: [], columns: [] })
      if (this.state.atNs === null) this.#set({ atNs: telling(run) })
      // The picture first: its size is known when the page shows the run.
      setTimeout(() => {
        if (this.state.run !== run) return
        void this.#look()
        void this.#fillTable(run)
      }, PICTURE_FIRST_MS)
    } catch (error) {
      if (error instanceof Superseded) return
      this.#set({ busy: false, problem: problemOf(error) })
    }
  }

  async #fillTable(run: RunView): Promise<void> {
    for (const policy of run.compared) {
      const column = await this.#quietly(this.client.call('column', { policy }))
      if (this.state.run !== run) return
      if (column) this.#set({ columns: [...this.state.columns, column] })
    }
  }

  // ---- what is looked at

  show(window: Window | null): void {
    this.#set({ window: window && this.#inside(window) })
  }

  /** Moves the window by a share of its width, and makes it so many times as wide around `aroundNs`. */
  zoom(factor: number, aroundNs?: bigint): void {
    const { fromNs, untilNs } = this.window
    const widthNs = untilNs - fromNs
    const thousandths = BigInt(Math.max(1, Math.round(factor * 1000)))
    const newWidth = max(1000n, (widthNs * thousandths) / 1000n)
    const around = aroundNs ?? this.#visibleAt() ?? fromNs + widthNs / 2n
    const from = around - ((around - fromNs) * newWidth) / widthNs
    this.show({ fromNs: from, untilNs: from + newWidth })
  }

  pan(byNs: bigint): void {
    const { fromNs, untilNs } = this.window
    this.show({ fromNs: fromNs + byNs, untilNs: untilNs + byNs })
  }

  #visibleAt(): bigint | null {
    const { atNs } = this.state
    return atNs !== null && atNs >= this.window.fromNs && atNs <= this.window.untilNs ? atNs : null
  }

  /** Shifted so that it lies in the run; all of the run where it is as wide. */
  #inside({ fromNs, untilNs }: Window): Window | null {
    const end = this.state.run?.endNs ?? untilNs
    const width = untilNs - fromNs
    if (width >= end) return null
    const from = fromNs < 0n ? 0n : untilNs > end ? end - width : fromNs
    return { fromNs: from, untilNs: from + width }
  }

  point(atNs: bigint, stepped: readonly string[] = []): void {
    const end = this.state.run?.endNs ?? 0n
    this.#set({ atNs: atNs < 0n ? 0n : atNs > end ? end : atNs, stepped })
    void this.#look()
  }

  async #look(): Promise<void> {
    const { side, atNs, run } = this.state
    if (atNs === null) return
    const instant = await this.#quietly(this.client.call('look', { side, atNs }))
    if (instant && this.state.run === run) this.#set({ instant })
  }

  inspect(side: number): void {
    this.#set({ side })
    void this.#look()
  }

  setGrain(grain: Grain): void {
    this.#set({ grain })
  }

  async step(forward: boolean): Promise<void> {
    const { side, grain, atNs } = this.state
    const step = await this.#quietly(this.client.call('step', { side, atNs: atNs ?? 0n, forward, grain }))
    if (!step) {
      const where = forward ? 'after' : 'before'
      this.#set({ stepped: [`there is no event ${where} this instant`] })
      return
    }
    const { fromNs, untilNs } = this.window
    if (step.atNs < fromNs || step.atNs > untilNs) {
      const half = (untilNs - fromNs) / 2n
      this.show({ fromNs: step.atNs - half, untilNs: step.atNs + half })
    }
    this.point(step.atNs, step.what)
  }

  // ---- the story

  tell(story: number | null): void {
    const step: StoryStep | undefined = story === null ? undefined : STORY[story]
    if (!step) {
      this.#set({ story: null })
      return
    }
    const { entry } = this.state
    const beside = step.beside ?? null
    const again =
      entry.name !== FIRST || this.isEdited || beside !== this.state.beside || this.state.policy !== null
    const first = entryOf(FIRST)!
    this.#set({
      story,
      entry: first,
      text: first.text,
      policy: null,
      beside,
      seed: null,
      side: 0,
      window: step.window,
      atNs: step.atNs,
      stepped: [],
    })
    if (again || !this.state.run) void this.simulate()
    else void this.#look()
  }

  // ---- links

  async follow(hash: string): Promise<void> {
    try {
      const link = await decodeLink(hash)
      const entry = entryOf(link.name ?? FIRST)
      if (!entry) throw new Error(`there is no scenario ${link.name} in the library`)
      const window =
        link.from !== undefined && link.until !== undefined && BigInt(link.from) < BigInt(link.until)
          ? { fromNs: BigInt(link.from), untilNs: BigInt(link.until) }
          : null
      this.#set({
        entry,
        text: link.text ?? entry.text,
        policy: link.policy ?? null,
        beside: link.beside ?? null,
        seed: link.seed ?? null,
        ...NOWHERE,
        window,
        atNs: link.at === undefined ? null : BigInt(link.at),
        story: null,
      })
    } catch (error) {
      this.#set({ notice: (error as Error).message })
    }
    await this.simulate()
  }

  link(): Promise<string> {
    const { entry, text, policy, beside, seed, window, atNs, run } = this.state
    const isTold = run !== null && atNs === telling(run)
    const state: LinkState = {
      name: entry.name,
      ...(this.isEdited && { text }),
      ...(policy !== null && { policy }),
      ...(beside !== null && { beside }),
      ...(seed !== null && { seed }),
      ...(window && { from: `${window.fromNs}`, until: `${window.untilNs}` }),
      ...(atNs !== null && !isTold && { at: `${atNs}` }),
    }
    return encodeLink(state)
  }

  async #showLink(): Promise<void> {
    if (this.state.story !== null || !this.state.run) return
    history.replaceState(null, '', `#${await this.link()}`)
  }

  notify(notice: string): void {
    this.#set({ notice })
  }

  /** null where the request came to nothing: the notice says why, if it is anyone's business. */
  async #quietly<T>(answer: Promise<T>): Promise<T | null> {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof Superseded)) this.#set({ notice: problemOf(error).message })
      return null
    }
  }
}

const NOWHERE = {
  window: null,
  side: 0,
  atNs: null,
  instant: null,
  stepped: [],
  columns: [],
  notice: '',
} as const

/** The instant of which a run tells most: where a check failed first, else the middle. */
function telling({ sides, endNs }: RunView): bigint {
  const failed = sides[0]!.checks.flatMap(({ verdict, atTrueNs }) =>
    verdict === 'fail' && atTrueNs !== null ? [atTrueNs] : [],
  )
  return failed.reduce<bigint | null>((a, b) => (a === null || b < a ? b : a), null) ?? endNs / 2n
}

function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return error.problem
  return { line: null, column: null, message: error instanceof Error ? error.message : String(error) }
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
