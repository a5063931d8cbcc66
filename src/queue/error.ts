/** The queue cannot be had, or a worker behind it failed. In a file of its own: who reports it need not load a queue. */
export class QueueError extends Error {
  override readonly name = 'QueueError'
}
