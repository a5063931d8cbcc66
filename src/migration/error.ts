/**
 * The one error of this directory. Its message is `peer: where: what is wrong; expected form`, on one line, where
 * `where` is a record and its byte of the stream (`record 7 (PAGES), byte 81920`). A file name takes the peer's place
 * where a file is wrong.
 */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'

  constructor(
    /** The other side as people know it, such as `127.0.0.1:7000`; or a file. */
    readonly peer: string,
    readonly where: string | null,
    readonly detail: string,
    /**
     * `cut`: the connection is gone or the other side is silent, so what it has received and done is not known;
     * `refused`: it said that it will not; `wrong`: something is not as it should be.
     */
    readonly kind: 'cut' | 'refused' | 'wrong' = 'wrong',
  ) {
    super(`${peer}: ${where === null ? '' : `${where}: `}${detail}`)
  }
}
