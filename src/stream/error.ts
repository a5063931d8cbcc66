/**
 * The one error of this directory. Its message is `file: where: what is wrong; expected form`, on one line, where
 * `where` is a record or section and its byte of the file (`record SHARED_INFO at byte 4711`), or a byte alone.
 */
export class StreamError extends Error {
  override readonly name = 'StreamError'

  constructor(
    readonly fileName: string,
    readonly where: string | null,
    readonly detail: string,
  ) {
    super(`${fileName}: ${where === null ? '' : `${where}: `}${detail}`)
  }
}
