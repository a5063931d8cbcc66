/**
 * Searches over a queue, against a real server: workers in processes of their own, killed at work, a server that loses
 * everything, a search that is given up. Whatever happens, every history counts once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Instances } from '../../src/core/instances.js'
import { queueCrew } from '../../src/queue/crew.js'
import { connect, jobOf } from '../../src/queue/jobs.js'
import { livePiece, type Piece } from '../../src/search/piece.js'
import { search } from '../../src/search/search.js'
import { namedSubject, subjectName } from '../../src/search/subject.js'
import { temporaryFolder } from '../helpers/folder.js'
import { type Redis, serverPath, startRedis } from './redis.js'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = temporaryFolder()
const TIMEOUT_MS = 180_000

const name = await subjectName('power-running', null)
const piece = (count: number): Piece => ({ ...name, seed: 9, from: 0, count })
const here = async (whole: Piece) => livePiece(whole, await namedSubject(whole), new Instances())

describe.skipIf(serverPath === null)(`a queue${serverPath ? '' : ' (there is no redis-server)'}`, () => {
  const children: ChildProcess[] = []
  const servers: Redis[] = []

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const server of servers.splice(0)) await server.stop()
  })

  async function server(port?: number): Promise<Redis> {
    const redis = await startRedis(folder, port)
    servers.push(redis)
    return redis
  }

  /** A worker with one thread, once it listens. */
  async function worker(url: string, ...more: string[]): Promise<ChildProcess> {
    const args = ['--import', import.meta.resolve('tsx'), main, 'worker', '--queue', url, '--workers', '1']
    const child = spawn(process.execPath, [...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    let said = ''
    child.stderr!.setEncoding('utf8')
    for await (const text of child.stderr!.iterator({ destroyOnReturn: false })) {
      said += text
      if (said.includes('worker: redis')) break
    }
    expect(said).toContain('1 thread')
    child.stderr!.resume()
    return child
  }

  it(
    'loses nothing when workers are killed at work',
    async () => {
      const { url } = await server()
      const whole = piece(1_500)
      const first = await worker(url)
      const gone = once(first, 'exit')
      const crew = await queueCrew(url)
      let second: Promise<ChildProcess> | null = null
      const tally = await search(whole, crew, {
        onProgress: ({ histories }) => {
          // In the middle of a piece: another one has just been taken.
          if (histories >= 500 && second === null) {
            first.kill('SIGKILL')
            second = worker(url)
          }
        },
      })
      await crew.close()
      expect(second).not.toBeNull()
      expect(await gone).toEqual([null, 'SIGKILL'])
      expect(tally).toEqual(await here(whole))
    },
    TIMEOUT_MS,
  )

  it(
    'goes on when the server has forgotten everything',
    async () => {
      const redis = await server()
      const crew = await queueCrew(redis.url)
      const whole = piece(500)
      // Nobody works yet: what is asked for is in the server's memory only.
      const result = search(whole, crew)
      const look = await connect(redis.url)
      while ((await look.keys('bull:*:wait')).length === 0) await new Promise((done) => setTimeout(done, 20))
      look.disconnect()
      await redis.stop()
      servers.length = 0
      await server(Number(new URL(redis.url).port))
      await worker(redis.url)
      expect(await result).toEqual(await here(whole))
      await crew.close()
    },
    TIMEOUT_MS,
  )

  it(
    'does the same piece once for two searchers, and again for nobody',
    async () => {
      const { url } = await server()
      const [one, two] = await Promise.all([queueCrew(url), queueCrew(url)])
      const whole = piece(250)
      const results = Promise.all([search(whole, one), search(whole, two)])
      const child = await worker(url)
      const [a, b] = await results
      expect(a).toEqual(b)
      expect(await search(whole, two)).toEqual(a)
      await Promise.all([one.close(), two.close()])
      let said = ''
      child.stderr!.on('data', (text) => {
        said += text
      })
      child.kill('SIGTERM')
      expect((await once(child, 'exit'))[0]).toBe(0)
      expect(said).toContain('ended after 250 histories')
    },
    TIMEOUT_MS,
  )

  it(
    'takes back what is waiting when a search is given up',
    async () => {
      const { url } = await server()
      const crew = await queueCrew(url)
      const stop = new AbortController()
      const given = search(piece(100_000), crew, { signal: stop.signal })
      const look = await connect(url)
      // No more than the crew has hands for is out, however much there is to do.
      while ((await look.llen('bull:chronovisor-check:wait')) < 64)
        await new Promise((done) => setTimeout(done, 20))
      stop.abort(new Error('enough'))
      await expect(given).rejects.toThrow('enough')
      expect(await look.llen('bull:chronovisor-check:wait')).toBe(64)
      await crew.close()
      expect(await look.llen('bull:chronovisor-check:wait')).toBe(0)
      look.disconnect()
    },
    TIMEOUT_MS,
  )

  it(
    'runs a module only where it is allowed, and says so where it is not',
    async () => {
      const { url } = await server()
      const crew = await queueCrew(url)
      await worker(url)
      const own = { ...piece(10), policy: './mine.ts', policyHash: 'ab' }
      await expect(crew.live(own)).rejects.toThrow('./mine.ts is a module, and this worker runs none')
      await crew.close()
    },
    TIMEOUT_MS,
  )
})

it('a piece has a name that follows from all that its result follows from', () => {
  const id = (change: Partial<Piece>) => jobOf({ ...piece(250), ...change }).id
  const ids = [
    id({}),
    id({ seed: 10 }),
    id({ from: 250 }),
    id({ count: 100 }),
    id({ guest: 'linux-ppc64' }),
    id({ policy: 'power-stopped' }),
    id({ policyHash: 'ab' }),
  ]
  expect(new Set(ids).size).toBe(ids.length)
  expect(id({})).toBe(ids[0])
})

it('a server that is not there is said to be so', async () => {
  await expect(queueCrew('redis://127.0.0.1:1')).rejects.toThrow(
    /^redis:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*; expected a Redis or Valkey server$/,
  )
  await expect(queueCrew('localhost:6379')).rejects.toThrow('expected redis://HOST:PORT')
})
