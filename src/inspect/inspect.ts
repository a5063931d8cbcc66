/** One file, recognised and read. */

import { resolve } from 'node:path'
import { StreamError } from '../stream/error.js'
import type { OnRead } from '../stream/file.js'
import type { HostClockValues } from '../world/index.js'
import type { Changed, Format, Inspection, Resumed } from './format.js'
import { formatOf } from './formats.js'

export interface Inspected extends Inspection {
  readonly path: string
  readonly described: Format
  /** The guest's clocks, were it resumed on the host that was asked for. */
  readonly resumed: Resumed | null
}

/** Throws StreamError and SnapshotError, also for a file that cannot be resumed on `host`. */
export function inspectFile(path: string, host?: HostClockValues, onRead?: OnRead): Inspected {
  const described = formatOf(path)
  const inspection = described.inspect(path, onRead)
  return { ...inspection, path, described, resumed: host ? resumed(path, inspection, host) : null }
}

function resumed(path: string, { resume }: Inspection, host: HostClockValues): Resumed {
  if (resume) return resume(host)
  throw new StreamError(path, null, 'there is no guest in it that could be resumed; expected one for --host')
}

/**
 * Writes a copy of `path` with fields changed to `out`, all or nothing; tells what was changed, and what followed.
 * Throws StreamError and SnapshotError.
 */
export function changeFile(path: string, out: string, changes: ReadonlyMap<string, string>): Changed[] {
  const { change, title } = formatOf(path)
  if (!change) throw new StreamError(path, null, `nothing can be set in ${title}`)
  if (resolve(path) === resolve(out))
    throw new StreamError(out, null, 'this is the file that is read; expected another name for the copy')
  return change(path, out, changes)
}
