import { expect, it } from 'vitest'
import { sources } from '../structure/sources.js'

it('src/draw and all that it needs run in a page: nothing of Node is imported', () => {
  const byPath = new Map(sources('src').map((file) => [file.path, file]))
  const seen = new Set<string>()
  const foreign: string[] = []
  const visit = (path: string) => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { from, line, typeOnly } of byPath.get(path)!.imports) {
      if (typeOnly) continue
      if (from.startsWith('src/')) visit(from)
      else foreign.push(`${path}:${line}: ${from}`)
    }
  }
  visit('src/draw/index.ts')
  expect(foreign).toEqual([])
  expect(seen.size).toBeGreaterThan(8)
})
