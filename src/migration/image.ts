/**
 * Guest memory on its way to a file: pages that have come are written behind, by other threads, so that receiving does not
 * wait for the disk. A page that comes again before it was written is written once. Memory may change while a page is
 * being written: it has been marked again then, and is written again.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { PAGE } from '../core/sparse.js'

/** Of one write. */
const MAX_PAGES = 256

export class MemoryImage {
  readonly #file: FileHandle
  readonly #memory: Uint8Array
  readonly #waiting: Uint8Array
  #count = 0
  /** Something has come since the disk was last told to keep all of it. */
  #loose = false
  #from = 0
  #working: Promise<void> | null = null
  #failure: Error | null = null

  private constructor(file: FileHandle, memory: Uint8Array) {
    this.#file = file
    this.#memory = memory
    this.#waiting = new Uint8Array(memory.length / PAGE)
  }

  /** A file of zeros as long as `memory`, which stays where it is. */
  static async create(path: string, memory: Uint8Array): Promise<MemoryImage> {
    const file = await open(path, 'w+', 0o600)
    await file.truncate(memory.length)
    const image = new MemoryImage(file, memory)
    image.#loose = true
    return image
  }

  /** These pages have come. */
  mark(page: number, pages: number): void {
    for (let i = page; i < page + pages; i++) {
      if (this.#waiting[i] === 0) this.#count++
      this.#waiting[i] = 1
    }
    this.#loose = true
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    try {
      while (this.#count > 0) {
        const [page, pages] = this.#next()
        this.#waiting.fill(0, page, page + pages)
        this.#count -= pages
        await this.#write(page * PAGE, pages * PAGE)
      }
    } catch (error) {
      this.#failure = error as Error
    } finally {
      this.#working = null
    }
  }

  /** The next waiting pages, round and round. */
  #next(): [page: number, pages: number] {
    let page = this.#waiting.indexOf(1, this.#from)
    if (page < 0) page = this.#waiting.indexOf(1)
    let pages = 1
    while (pages < MAX_PAGES && this.#waiting[page + pages] === 1) pages++
    this.#from = page + pages
    return [page, pages]
  }

  async #write(at: number, length: number): Promise<void> {
    for (let done = 0; done < length; ) {
      const { bytesWritten } = await this.#file.write(this.#memory, at + done, length - done, at + done)
      done += bytesWritten
    }
  }

  /** All that was marked is on the disk. Rejects with what went wrong, a full disk for instance. */
  async flush(): Promise<void> {
    while (this.#working) await this.#working
    if (this.#failure) throw this.#failure
    if (!this.#loose) return
    this.#loose = false
    try {
      await this.#file.datasync()
    } catch (error) {
      this.#failure = error as Error
      throw error
    }
  }

  async close(): Promise<void> {
    while (this.#working) await this.#working
    await this.#file.close()
  }
}
