/**
 * The whole state of the page in the part of its address behind the `#`, so that a case fits into a bug report:
 *
 *   #xen-1282-stale-lower     a scenario of the library, as it is
 *   #1.eJyr…                  JSON, deflated, base64url
 *
 * A link may come from anyone: what it holds is checked, and how much.
 */

export interface LinkState {
  /** Of the library; undefined: `text` is a scenario of someone's own. */
  readonly name?: string
  readonly text?: string
  readonly policy?: string
  readonly beside?: string
  readonly seed?: number
  /** Decimal ns. */
  readonly from?: string
  readonly until?: string
  readonly at?: string
}

const PREFIX = '1.'
const MOST_BYTES = 2 << 20

export async function encodeLink(state: LinkState): Promise<string> {
  const { name, ...rest } = state
  if (name !== undefined && Object.values(rest).every((value) => value === undefined)) return name
  const bytes = new TextEncoder().encode(JSON.stringify(state))
  const deflated = new Uint8Array(await through(bytes, new CompressionStream('deflate-raw')))
  let binary = ''
  for (const byte of deflated) binary += String.fromCharCode(byte)
  return PREFIX + btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Throws an Error that says what is wrong. */
export async function decodeLink(hash: string): Promise<LinkState> {
  if (!hash.startsWith(PREFIX)) return { name: decodeURIComponent(hash) }
  let value: unknown
  try {
    const binary = atob(hash.slice(PREFIX.length).replaceAll('-', '+').replaceAll('_', '/'))
    const deflated = Uint8Array.from(binary, (c) => c.charCodeAt(0))
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await inflated(deflated)))
  } catch {
    throw new Error('this link is damaged: a part of it is missing or changed')
  }
  return checked(value)
}

function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer()
}

/** Stops reading where there is more than any scenario has. */
async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  const reader = stream.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > MOST_BYTES) throw new Error('too long')
    parts.push(value as Uint8Array<ArrayBuffer>)
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

const TEXTS = ['name', 'text', 'policy', 'beside'] as const
const TIMES = ['from', 'until', 'at'] as const

function checked(value: unknown): LinkState {
  const wrong = new Error('this link is not one of this page: it holds something else')
  if (typeof value !== 'object' || value === null) throw wrong
  const given = value as Record<string, unknown>
  const state: Record<string, unknown> = {}
  for (const key of TEXTS) {
    if (given[key] === undefined) continue
    if (typeof given[key] !== 'string') throw wrong
    state[key] = given[key]
  }
  for (const key of TIMES) {
    if (given[key] === undefined) continue
    if (typeof given[key] !== 'string' || !/^\d{1,19}$/.test(given[key])) throw wrong
    state[key] = given[key]
  }
  if (given.seed !== undefined) {
    if (!Number.isSafeInteger(given.seed) || (given.seed as number) < 0) throw wrong
    state.seed = given.seed
  }
  if (state.name === undefined && state.text === undefined) throw wrong
  return state as LinkState
}
