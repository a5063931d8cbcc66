/** What the machine's page asks its Worker, and what it is told. Everything here survives structured cloning. */
import type { PowerEnd } from '../../power/machine.js'

export interface NamedBytes {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A machine to be switched on. */
export interface Setup {
  readonly program: NamedBytes
  readonly initrd: NamedBytes | null
  /** The kernel's command line; empty: none. */
  readonly append: string
  readonly ramBytes: number
  readonly cpus: number
  /** Typed from the start on, as fast as the guest reads. */
  readonly input: string
}

/** Keys that the guest's console had room for, and in which cycle they came. */
export interface Typed {
  readonly at: bigint
  readonly bytes: Uint8Array
}

/** Until that cycle; null: until it is stopped. `paced`: no faster than a real one. */
export interface Way {
  readonly until: bigint | null
  readonly paced: boolean
}

/** What makes a machine, in place of the one before. */
export type Begin =
  | { readonly kind: 'boot'; readonly setup: Setup; readonly way: Way }
  /** Goes on from a file that the page or another process has written (src/power/saved.ts). */
  | { readonly kind: 'open'; readonly file: NamedBytes }
  /** From the start, with the keys of this run in their cycles. */
  | { readonly kind: 'again'; readonly way: Way }

export type Ask =
  /** `session`: the machine's number, by which the page knows what it is told of this one. */
  | (Begin & { readonly session: number })
  | { readonly kind: 'run'; readonly way: Way }
  | { readonly kind: 'stop' }
  | { readonly kind: 'type'; readonly text: string }
  | { readonly kind: 'keep' }
  | { readonly kind: 'back'; readonly kept: number }
  | { readonly kind: 'save' }
  /** What the guest says of its clocks, so many px wide. */
  | { readonly kind: 'draw'; readonly width: number }

export interface KeptView {
  readonly id: number
  readonly cycles: bigint
  readonly hash: string
  /** What it takes, bytes. */
  readonly size: number
}

export interface View {
  /** Of the `Begin` that made the machine. */
  readonly session: number
  readonly title: string
  readonly running: boolean
  readonly cycles: bigint
  readonly timebase: bigint
  /** Cycles in which no instruction ran. */
  readonly idle: bigint
  /** ns since 1970. */
  readonly dayNs: bigint
  readonly cpuHz: bigint
  readonly pc: bigint
  /** Why it stopped by itself; null: it did not. */
  readonly end: PowerEnd | null
  readonly fault: string | null
  /** XXH64 of state and memory, in hexadecimal; null while it runs. */
  readonly hash: string | null
  /** Millions of instructions a second of work; null: too little was done. */
  readonly mips: number | null
  /** What the console shows from its character `from` on; what stood there is gone. A character is a byte. */
  readonly from: number
  readonly printed: string
  readonly keys: readonly Typed[]
  readonly kept: readonly KeptView[]
}

/** An SVG, and what it shows in words. */
export interface Picture {
  readonly svg: string
  readonly words: readonly string[]
}

export type Told =
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'file'; readonly blob: Blob }
  /** null: the guest says nothing of its clocks. */
  | { readonly kind: 'picture'; readonly picture: Picture | null }
  | { readonly kind: 'problem'; readonly message: string }
