import type { Position } from './types.js'

/**
 * The one error of this directory. Its message is `file:line:column: what is wrong; expected form`, or
 * `file: …` where there is no text to point at (the file is missing, is a directory, is too large).
 */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'

  constructor(
    readonly fileName: string,
    readonly position: Position | null,
    readonly detail: string,
  ) {
    super(position ? `${fileName}:${position.line}:${position.column}: ${detail}` : `${fileName}: ${detail}`)
  }
}
