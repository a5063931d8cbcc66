/**
 * A server of a folder's files and nothing else, for this machine only. What there is to serve is settled when it
 * starts: a request names one of those files or gets a 404, so no path can lead out of the folder.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.elf': 'application/octet-stream',
}

/** No script but the page's own files; no connection but to this server; nobody's frame. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

interface Served {
  readonly type: string
  readonly bytes: Buffer
  readonly zipped: Buffer
  /** Its name holds its content's hash. */
  readonly isFixed: boolean
}

/** Not listening yet. `folder` has an index.html. */
export function serverOf(folder: string): Server {
  const files = filesOf(folder)
  return createServer((request, response) => answer(request, response, files))
}

function filesOf(folder: string): ReadonlyMap<string, Served> {
  const files = new Map<string, Served>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)]
    if (!entry.isFile() || !type) continue
    const path = join(entry.parentPath, entry.name)
    const url = `/${relative(folder, path).split(sep).join('/')}`
    const bytes = readFileSync(path)
    files.set(url, { type, bytes, zipped: gzipSync(bytes), isFixed: url.startsWith('/assets/') })
  }
  const index = files.get('/index.html')
  if (index) files.set('/', index)
  return files
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, Served>,
): void {
  const refuse = (status: number, text: string) =>
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
  // Another name that leads here is that of a page which wants to get at this one.
  if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host ?? '')) {
    refuse(421, 'This server answers to localhost only.')
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    refuse(405, 'Only GET and HEAD.')
    return
  }
  const file = files.get((request.url ?? '/').split(/[?#]/)[0]!)
  if (!file) {
    refuse(404, 'There is no such file.')
    return
  }
  const isZipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  const body = isZipped ? file.zipped : file.bytes
  response.writeHead(200, {
    'content-type': file.type,
    'content-length': body.length,
    ...(isZipped && { 'content-encoding': 'gzip' }),
    vary: 'accept-encoding',
    'cache-control': file.isFixed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': PAGE_POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
