/** Imports go one way: a change in one layer cannot reach a layer below it. */
import { expect, test } from 'vitest'
import { assemblyLayers, kernelDoors, type Layers, layerOf, srcLayers } from './layers.js'
import { linesWith, parseSource, type Source, sources } from './sources.js'

const assembly = sources('assembly')
const src = sources('src')

function againstLayers(folder: string, files: readonly Source[], layers: Layers): string[] {
  return files.flatMap((file) => {
    const own = layerOf(layers, folder, file.path)
    if (own < 0) return [`${file.path}:1: has no layer; give it one in test/structure/layers.ts`]
    return file.imports.flatMap(({ line, from }) => {
      const other = from.startsWith(`${folder}/`) ? layerOf(layers, folder, from) : -1
      if (other <= own) return []
      return [`${file.path}:${line}: (${layers[own]![0]}) imports ${from} (${layers[other]![0]})`]
    })
  })
}

/** Folders whose files a browser runs, but for those that stand in for others there or never come there. */
const pageRoots = ['src/core/', 'src/power/', 'src/draw/', 'src/lab/']
const notInPages = /^src\/(core\/disk\.ts|power\/index\.ts|power\/gdb\/)/

/** What only Node has: its modules and its global names. */
function ofNode(file: Source): string[] {
  if (notInPages.test(file.path)) return []
  return [
    ...file.imports
      .filter(({ from, typeOnly }) => !typeOnly && (from.startsWith('node:') || notInPages.test(from)))
      .filter(({ from }) => from !== 'src/core/disk.ts')
      .map(({ line, from }) => `${file.path}:${line}: imports ${from}`),
    ...linesWith(
      file,
      file.code,
      /\b(Buffer|setImmediate)\b|\b(process|require)[.(]/,
      'a name that only Node has',
    ),
  ]
}

/** Each circle of imports once, as the files on it. */
function circles(files: readonly Source[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' -> '))
    if (way.includes(path) || done.has(path)) return
    for (const { from, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (!typeOnly) visit(from, [...way, path])
    }
    done.add(path)
  }
  for (const file of files) visit(file.path, [])
  return found
}

test.each([
  ['assembly', assembly, assemblyLayers],
  ['src', src, srcLayers],
] as const)('%s: files import their own layer and the ones below', (folder, files, layers) => {
  expect(files.length).toBeGreaterThan(0)
  expect(againstLayers(folder, files, layers)).toEqual([])
})

test('every layer entry names something that exists', () => {
  const missing = (folder: string, layers: Layers, files: readonly Source[]) =>
    layers
      .flatMap(([, entries]) => entries)
      .filter((entry) => !files.some(({ path }) => `${path.slice(folder.length + 1, -3)}`.startsWith(entry)))
  expect(missing('assembly', assemblyLayers, assembly)).toEqual([])
  expect(missing('src', srcLayers, src)).toEqual([])
})

test('every file that is imported exists', () => {
  const files = [...assembly, ...src]
  const known = new Set(files.map(({ path }) => path))
  const broken = files.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => /^(assembly|src)\/.*\.tsx?$/.test(from) && !known.has(from))
      .map(({ line, from }) => `${path}:${line}: imports ${from}, which is not there`),
  )
  expect(broken).toEqual([])
})

test('no circle of imports', () => {
  expect(circles(assembly)).toEqual([])
  expect(circles(src)).toEqual([])
})

test('a kernel model sees the platform through memory, registers and hypercalls only', () => {
  const kernels = assembly.filter(
    ({ path }) => path.startsWith('assembly/model/') && !/\/(program|lab[\w-]*)\.ts$/.test(path),
  )
  expect(kernels.length).toBeGreaterThanOrEqual(4)
  const wrong = kernels.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => !from.startsWith('assembly/model/'))
      .flatMap(({ line, from, names }) =>
        names
          .filter((name) => !kernelDoors[from]?.test(name) || name === '*')
          .map((name) => `${path}:${line}: imports ${name} from ${from}`),
      ),
  )
  expect(wrong).toEqual([])
})

test('what a page runs as well needs nothing of Node', () => {
  const inPage = src.filter(({ path }) => pageRoots.some((root) => path.startsWith(root)))
  expect(inPage.length).toBeGreaterThan(40)
  expect(inPage.flatMap(ofNode)).toEqual([])
})

test('the rules find what is against them', () => {
  const text = [
    "// import { a } from './cli/main.js'",
    "import type { B } from './world/b.js'",
    'import {',
    '  type C,',
    '  d as e,',
    "} from '../policy/index.js'",
    "export * from './list.js'",
    "const f = await import('tsx/esm/api')",
  ].join('\n')
  const file = parseSource('src/check/index.ts', text)
  expect(file.imports).toEqual([
    { line: 2, from: 'src/check/world/b.ts', names: ['B'], typeOnly: true },
    { line: 3, from: 'src/policy/index.ts', names: ['C', 'd'], typeOnly: false },
    { line: 7, from: 'src/check/list.ts', names: ['*'], typeOnly: false },
    { line: 8, from: 'tsx/esm/api', names: ['*'], typeOnly: false },
  ])
  expect(
    againstLayers('src', [parseSource('src/core/a.ts', "import { b } from '../cli/b.js'")], srcLayers),
  ).toEqual(['src/core/a.ts:1: (core) imports src/cli/b.ts (cli)'])
  const one = parseSource('src/core/a.ts', "import { b } from './b.js'")
  const two = parseSource('src/core/b.ts', "import { a } from './a.js'")
  const buffer = parseSource('src/draw/a.ts', "import { b } from 'node:fs'\nconst a = Buffer.alloc(1)")
  expect(ofNode(buffer)).toEqual([
    'src/draw/a.ts:1: imports node:fs',
    'src/draw/a.ts:2: a name that only Node has',
  ])
  expect(circles([one, two])).toEqual(['src/core/a.ts -> src/core/b.ts -> src/core/a.ts'])
})
