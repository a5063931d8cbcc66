/** Files that the page gives out. They are made here or in the Worker; nothing is sent. */
import { download } from './download.js'
import type { Lab } from './lab.js'
import type { ExportKind } from './protocol.js'

export type FileKind = ExportKind | 'png' | 'yaml'

const TYPES: Readonly<Record<FileKind, readonly [ending: string, type: string]>> = {
  svg: ['svg', 'image/svg+xml'],
  png: ['png', 'image/png'],
  csv: ['csv', 'text/csv'],
  vcd: ['vcd', 'text/plain'],
  trace: ['perfetto-trace', 'application/octet-stream'],
  yaml: ['yaml', 'application/yaml'],
}
/** Pixels of a PNG to a pixel of the picture. */
const DENSITY = 2

export async function save(lab: Lab, kind: FileKind): Promise<void> {
  try {
    const [ending, type] = TYPES[kind]
    const blob = await contentOf(lab, kind, type)
    download(blob, `${lab.state.run?.name ?? 'scenario'}.${ending}`)
  } catch (error) {
    lab.notify(`The file could not be made: ${(error as Error).message}`)
  }
}

async function contentOf(lab: Lab, kind: FileKind, type: string): Promise<Blob> {
  if (kind === 'yaml') return new Blob([lab.state.text], { type })
  const made: ExportKind = kind === 'png' ? 'svg' : kind
  const bytes = await lab.client.call('export', { side: lab.state.side, kind: made, ...lab.window })
  return kind === 'png' ? rasterOf(new Blob([bytes], { type: 'image/svg+xml' })) : new Blob([bytes], { type })
}

async function rasterOf(svg: Blob): Promise<Blob> {
  const url = URL.createObjectURL(svg)
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.naturalWidth * DENSITY
    canvas.height = image.naturalHeight * DENSITY
    const context = canvas.getContext('2d')!
    context.scale(DENSITY, DENSITY)
    context.drawImage(image, 0, 0)
    return await new Promise((resolve, reject) => {
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error('this picture is too large'))),
        'image/png',
      )
    })
  } finally {
    URL.revokeObjectURL(url)
  }
}
