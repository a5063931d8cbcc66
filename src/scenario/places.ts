import { type Located, locate } from './document.js'
import { ScenarioError } from './error.js'
import { didYouMean } from './suggest.js'
import type { Position } from './types.js'

/** `hosts.a.tsc.frequency`, `events[3].at`. Items count from 0. */
export function label(path: readonly PropertyKey[]): string {
  return (
    path.reduce<string>((text, step) => {
      if (typeof step === 'number') return `${text}[${step}]`
      return text === '' ? String(step) : `${text}.${String(step)}`
    }, '') || 'the scenario'
  )
}

/** The places of a document's values, for errors that need more than one value to be seen. */
export class Places {
  constructor(
    private readonly root: Located,
    readonly fileName: string,
    /** The begin of every error. */
    private readonly prefix = '',
  ) {}

  /** Keys of a mapping or list in the order of the file. */
  keys(...path: PropertyKey[]): string[] {
    return [...(locate(this.root, path)?.children.keys() ?? [])].map(String)
  }

  has(...path: PropertyKey[]): boolean {
    return locate(this.root, path) !== undefined
  }

  /** Of the value; of the nearest thing around it where the file does not have it (a default). */
  at(...path: PropertyKey[]): Position {
    return this.nearest(path).position
  }

  /** Of the key the value stands under. */
  key(...path: PropertyKey[]): Position {
    return this.nearest(path).keyPosition
  }

  private nearest(path: readonly PropertyKey[]): Located {
    for (let length = path.length; length > 0; length--) {
      const located = locate(this.root, path.slice(0, length))
      // Of something that is not written out, the place is the key of what should hold it.
      if (located) return length === path.length ? located : { ...located, position: located.keyPosition }
    }
    return this.root
  }

  fail(position: Position, detail: string): never {
    throw new ScenarioError(this.fileName, position, this.prefix + detail)
  }

  /** `what` with this name is not in the scenario. */
  unknownName(position: Position, what: string, name: string, known: readonly string[]): never {
    const near = didYouMean(name, known)
    this.fail(
      position,
      `there is no ${what} ${JSON.stringify(name)}${near}; expected one of ${known.join(', ')}`,
    )
  }
}
