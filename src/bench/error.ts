/** What was asked of the bench cannot be done: the message says why and what is expected. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}
