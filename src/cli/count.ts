import { InputError } from './output.js'

/** A commander argument: how many, at least one. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= 1_000_000_000) return count
  throw new InputError(`${JSON.stringify(text)}; expected a whole number from 1 to 1000000000`)
}

/** BullMQ is an optional part of the installation, and slow to load: only a queue needs it. */
export async function loadQueue<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new InputError(
      'queues need the optional packages; expected `npm install bullmq ioredis` to have been run',
    )
  }
}
