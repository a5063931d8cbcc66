/** The server of the page, and the page as files. What the page does is tested in test/lab/. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverOf } from '../../src/cli/serve.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

function chronovisor(...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout!.on('data', (data) => {
    output.stdout += data
  })
  child.stderr!.on('data', (data) => {
    output.stderr += data
  })
  const ended = once(child, 'close').then(([status]) => ({ status: status as number, ...output }))
  return { child, ended }
}

describe('the server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-server-'))
  let server: Server
  let port = 0

  beforeAll(async () => {
    mkdirSync(join(folder, 'page/assets'), { recursive: true })
    writeFileSync(join(folder, 'secret.html'), 'secret')
    writeFileSync(join(folder, 'page/index.html'), '<p>page</p>')
    writeFileSync(join(folder, 'page/assets/core-1.wasm'), 'wasm')
    writeFileSync(join(folder, 'page/notes.txt'), 'of no known kind')
    server = serverOf(join(folder, 'page'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.close()
  })

  /** As it is written: fetch would tidy the path. */
  function get(path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
    return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
      (resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
          let body = ''
          response.on('data', (data) => {
            body += data
          })
          response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
        })
        sent.on('error', reject)
        sent.end()
      },
    )
  }

  it('gives its files, under a strict policy', async () => {
    const { status, headers, body } = await get('/')
    expect([status, body]).toEqual([200, '<p>page</p>'])
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/,
    )
    expect(headers['content-security-policy']).not.toMatch(/unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')/)
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    expect((await get('/index.html?a')).body).toBe('<p>page</p>')
    expect((await get('/assets/core-1.wasm')).headers['content-type']).toBe('application/wasm')
    expect((await get('/', { method: 'HEAD' })).body).toBe('')
  })

  it.each([
    '/../secret.html',
    '/%2e%2e/secret.html',
    '//secret.html',
    '/..%2fsecret.html',
    '/notes.txt',
    '/assets/',
    '/x',
  ])('has nothing else: %s', async (path) => {
    expect((await get(path)).status).toBe(404)
  })

  it('answers to this machine’s own name only, and to reading only', async () => {
    expect((await get('/', { headers: { host: 'evil.example' } })).status).toBe(421)
    expect((await get('/', { headers: { host: `localhost:${port}` } })).status).toBe(200)
    expect((await get('/', { method: 'POST' })).status).toBe(405)
  })
})

describe('chronovisor lab', () => {
  it('serves the page on loopback until it is interrupted', async () => {
    const { child, ended } = chronovisor('lab', 'xen-good-lower', '--port', '0', '--json')
    const [line] = (await once(child.stdout!, 'data')) as [Buffer]
    const { url } = JSON.parse(`${line}`) as { url: string }
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#xen-good-lower$/)
    const response = await fetch(url)
    expect(await response.text()).toContain('<title>chronovisor lab</title>')
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ status: 0 })
  })

  it('says so when the port is taken, or none', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const taken = await chronovisor('lab', '--port', `${port}`).ended
    other.close()
    expect(taken).toEqual({
      status: 2,
      stdout: '',
      stderr: `chronovisor: port ${port} is in use; expected a free one: --port 0 takes any\n`,
    })
    const none = await chronovisor('lab', '--port', '70000').ended
    expect(none.status).toBe(2)
    expect(none.stderr).toContain('expected a whole number from 0 to 65535')
  })

  it('writes the page into a new folder, and into no other', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'lab-static-')), 'page')
    expect(await chronovisor('lab', '--static', folder).ended).toMatchObject({
      status: 0,
      stdout: `${folder}\n`,
    })
    expect(readdirSync(folder).sort()).toEqual(['assets', 'icon.svg', 'index.html', 'machine.html'])
    const again = await chronovisor('lab', '--static', folder).ended
    expect(again).toMatchObject({ status: 2, stdout: '' })
    expect(again.stderr).toContain('this folder is not empty; expected a new one')
    expect(existsSync(join(folder, 'index.html'))).toBe(true)
    expect(readdirSync(join(folder, '..'))).toEqual(['page'])
  })
})
