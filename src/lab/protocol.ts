/** What the page asks its Worker, and what comes back. Everything here survives structured cloning. */
import type { CheckResult, Verdict } from '../check/index.js'
import type { System } from '../scenario/types.js'

/** A scenario of the library, as the page's build has it (scripts/build-lab.ts). */
export interface LibraryEntry {
  readonly name: string
  readonly title: string
  readonly system: System
  readonly text: string
}

/** What is simulated. */
export interface Setup {
  readonly text: string
  /** What errors call it. */
  readonly fileName: string
  /** In place of every guest's own, one for each side; null: the guests' own. */
  readonly policies: readonly (string | null)[]
  /** null: the scenario's own. */
  readonly seed: number | null
}

export interface Problem {
  /** Both from 1; null where there is no place to point at. */
  readonly line: number | null
  readonly column: number | null
  readonly message: string
}

/** A value of the scenario that can be turned. */
export interface Knob {
  readonly path: readonly (string | number)[]
  readonly group: string
  readonly label: string
  /** As the file has it, or as the default would be written. */
  readonly text: string
  readonly kind: 'duration' | 'frequency' | 'rate' | 'choice'
  /** Of a choice. */
  readonly choices: readonly string[]
  /** A slider's positions are 0 to `steps`: each stands for `least` + position × `step`; null: no slider. */
  readonly slider: Slider | null
}

export interface Slider {
  readonly least: bigint
  readonly step: bigint
  readonly steps: number
  /** What the file has, in ns, Hz or ppb. */
  readonly value: bigint
}

export interface GuestFacts {
  readonly name: string
  readonly kernel: string
  readonly policy: string
  readonly stateHash: string
}

export interface Side {
  /** What the run was made under: the policy that was asked for, else the guests' own. */
  readonly policy: string
  /** One line of it for people; empty where guests have different ones. */
  readonly title: string
  readonly verdict: Verdict
  /** What the scenario says of such a run was met; null: it says nothing. */
  readonly met: boolean | null
  readonly checks: readonly CheckResult[]
  readonly guests: readonly GuestFacts[]
  /** The picture in words. */
  readonly words: readonly string[]
}

export interface RunView {
  readonly name: string
  readonly title: string
  readonly cite: string | null
  readonly summary: string | null
  readonly system: System
  readonly seed: number
  readonly drawn: readonly { readonly path: string; readonly text: string; readonly value: string }[]
  readonly endNs: bigint
  /** The policy of the first guest, which the file or the hypervisor gives it. */
  readonly ownPolicy: string
  /** Of this system. */
  readonly policies: readonly { readonly name: string; readonly title: string }[]
  /** To put side by side in the table. */
  readonly compared: readonly string[]
  readonly knobs: readonly Knob[]
  readonly sides: readonly Side[]
}

export interface Window {
  readonly fromNs: bigint
  readonly untilNs: bigint
}

export interface Cell {
  readonly check: string
  readonly verdict: Verdict | 'skip'
  /** Short: `19.8 s`. Empty: nothing to say. */
  readonly value: string
  readonly message: string
}

export interface Column {
  readonly policy: string
  readonly title: string
  readonly verdict: Verdict
  readonly cells: readonly Cell[]
}

/** A clock or a register at an instant. */
export interface Row {
  readonly name: string
  readonly value: string
  /** How far it is from true time, for people; null: that says nothing. */
  readonly off: string | null
  readonly explain: string
}

export interface Field {
  readonly name: string
  /** In the structure. */
  readonly offset: number
  readonly size: number
  readonly value: string
  readonly explain: string
}

/** Bytes of guest memory. */
export interface Structure {
  readonly title: string
  readonly source: string
  /** Guest-physical address of its first byte. */
  readonly address: number
  readonly bytes: Uint8Array
  readonly fields: readonly Field[]
}

/** Everything that is known of an instant. */
export interface Instant {
  /** True time. */
  readonly atNs: bigint
  readonly hosts: readonly {
    readonly name: string
    readonly hypervisor: string
    readonly rows: readonly Row[]
  }[]
  readonly guests: readonly {
    readonly name: string
    /** Where it is and what it does. */
    readonly where: string
    readonly rows: readonly Row[]
    readonly structures: readonly Structure[]
  }[]
}

/** How far a step goes: to the next event of any machine, of any but the readers of clocks, or of the scenario. */
export type Grain = 'machine' | 'quiet' | 'scenario'

export interface Step {
  readonly atNs: bigint
  /** What happened there, for people. */
  readonly what: readonly string[]
}

/** A clock at the pointer. */
export interface Reading {
  readonly guest: string
  readonly name: string
  /** Clock minus true time, for people. */
  readonly off: string
}

export type ExportKind = 'svg' | 'csv' | 'vcd' | 'trace'

/** Requests by kind: what is asked, and what is answered. */
export interface Calls {
  run: { ask: Setup; answer: RunView }
  draw: { ask: Window & { side: number; width: number }; answer: string }
  read: { ask: { side: number; atNs: bigint }; answer: readonly Reading[] }
  look: { ask: { side: number; atNs: bigint }; answer: Instant }
  step: { ask: { side: number; atNs: bigint; forward: boolean; grain: Grain }; answer: Step | null }
  column: { ask: { policy: string }; answer: Column }
  turn: { ask: { text: string; path: readonly (string | number)[]; value: string }; answer: string }
  export: { ask: Window & { side: number; kind: ExportKind }; answer: Uint8Array<ArrayBuffer> }
}

export type Kind = keyof Calls

export type Request = {
  [K in Kind]: { readonly id: number; readonly kind: K; readonly ask: Calls[K]['ask'] }
}[Kind]

export type Reply =
  | { readonly id: number; readonly answer: Calls[Kind]['answer'] }
  | { readonly id: number; readonly problem: Problem }
