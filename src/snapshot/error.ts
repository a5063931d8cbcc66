/**
 * The one error of this directory. Its message is `file: where: what is wrong; expected form`, on one line, where
 * `where` is a section and the byte in it (`section HOST, byte 12`) or a byte of the file.
 */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'

  constructor(
    readonly fileName: string,
    readonly where: string | null,
    readonly detail: string,
  ) {
    super(`${fileName}: ${where === null ? '' : `${where}: `}${detail}`)
  }
}
