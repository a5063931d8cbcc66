/**
 * The one error of this directory. Its message is `file:line: field: what is wrong; expected form`, on one line; a fault
 * of a whole line has no field, one of the whole file no line.
 */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'

  constructor(
    readonly fileName: string,
    readonly line: number | null,
    readonly field: string | null,
    readonly detail: string,
  ) {
    super(`${fileName}:${line === null ? '' : `${line}:`} ${field === null ? '' : `${field}: `}${detail}`)
  }
}
