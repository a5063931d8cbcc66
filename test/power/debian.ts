/** Guests of Debian's archive, for tests: fetched when they run. Where it does not answer a suite's name says so. */
import { FetchError } from '../../scripts/guests/debian.js'
import { guestFile, type ImageName } from '../../scripts/guests/images.js'

export interface Found {
  readonly path: string
  /** Why there is none, else ''. */
  readonly missing: string
}

export function fetched(name: ImageName): Found {
  try {
    return { path: guestFile(name), missing: '' }
  } catch (error) {
    if (error instanceof FetchError) return { path: '', missing: ` (Debian's archive: ${error.message})` }
    throw error
  }
}
