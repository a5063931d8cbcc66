/** What the page's build (scripts/build-lab.ts) puts into the page. */
declare module 'virtual:library' {
  import type { LibraryEntry } from './protocol.js'

  /** The scenarios of the library, sorted by name. */
  export const library: readonly LibraryEntry[]
  /** The JSON schema of scenarios. */
  export const schema: Readonly<Record<string, unknown>>
  /** Every built-in policy. */
  export const policyNames: readonly string[]
}

declare module '*?url' {
  const url: string
  export default url
}
