/** A Redis server for a test: on loopback, at a port of its own, gone with the test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** The server's program, from Debian's redis-server or valkey-server; null: there is none. */
export const serverPath =
  ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0) ?? null

export interface Redis {
  readonly url: string
  readonly process: ChildProcess
  /** Killed, with everything that it knew. */
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

export async function startRedis(folder: string, port?: number): Promise<Redis> {
  const at = port ?? (await freePort())
  const options = { port: at, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder }
  const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, `${value}`])
  const child = spawn(serverPath!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const text of child.stdout!.setEncoding('utf8')) {
    said += text
    if (/Ready to accept connections/.test(said)) break
  }
  child.stdout!.resume()
  const gone = once(child, 'exit')
  return {
    url: `redis://127.0.0.1:${at}`,
    process: child,
    stop: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}
