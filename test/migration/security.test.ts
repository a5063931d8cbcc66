/** Who may send a guest, and where to. */

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isLoopback, parseAddress, receive, type Security } from '../../src/migration/index.js'
import { type Hello, NONCE_BYTES } from '../../src/migration/records.js'
import { agree, refuseOpen } from '../../src/migration/secure.js'
import { temporaryFolder } from '../helpers/folder.js'
import { busy, hostIn, LOOPBACK, migrateHere } from './fixture.js'

const folder = temporaryFolder()
const atNs = 19_000_000_000n
const host = hostIn(busy, 'b')
const secret = Buffer.from('a secret of more than sixteen bytes')

const pem = (name: string) => readFileSync(new URL(`../data/tls/${name}`, import.meta.url))
const tls = (name: string, ca = 'ca'): Security => ({
  tls: { cert: pem(`${name}.pem`), key: pem(`${name}.key`), ca: pem(`${ca}.pem`) },
})

const between = (source: Security, destination: Security) =>
  migrateHere(folder, busy, { atNs }, { host, security: destination }, { security: source })

describe('a secret', () => {
  it('that both have lets the guest through', async () => {
    const { source, destination } = await between({ secret }, { secret })
    expect(source.outcome).toBe('moved')
    expect(destination!.guest).toBe('g')
  })

  it.each([
    [
      'differs',
      { secret },
      { secret: Buffer.from('another of more than sixteen bytes') },
      /its proof is wrong|expected one made with the same secret/,
    ],
    ['only the source has', { secret }, {}, /one side has a secret and the other has none/],
    ['only the destination has', {}, { secret }, /one side has a secret and the other has none/],
  ] as const)('that %s keeps it here', async (_, source, destination, why) => {
    const both = await between(source, destination)
    expect(both.source).toMatchObject({ outcome: 'kept', rounds: [] })
    expect(both.source.reason).toMatch(why)
  })
})

describe('mutual TLS', () => {
  it('with certificates of one authority lets the guest through', async () => {
    const { source } = await between(tls('source'), tls('destination'))
    expect(source).toMatchObject({ outcome: 'moved', reason: null })
  })

  it.each([
    ['a source of another authority', tls('stranger'), tls('destination')],
    ['a destination of another authority', tls('source'), tls('stranger', 'ca')],
    ['a source without TLS', {}, tls('destination')],
  ] as const)('keeps it here from %s', async (_, source, destination) => {
    const both = await migrateHere(
      folder,
      busy,
      { atNs },
      { host, security: destination, timeoutMs: 2000 },
      { security: source, timeoutMs: 2000 },
    )
    expect(both.source).toMatchObject({ outcome: 'kept', rounds: [] })
  })
})

describe('an address', () => {
  it.each(['127.0.0.1:7000', '127.9.9.9:1', '[::1]:7000', 'localhost:7000'])(
    '%s is of this machine',
    (text) => {
      expect(isLoopback(parseAddress(text).host)).toBe(true)
      expect(() => refuseOpen(parseAddress(text), {})).not.toThrow()
    },
  )

  it.each(['0.0.0.0:7000', '192.0.2.1:7000', '[::]:7000', 'example.org:7000', '127.0.0.1.example.org:7000'])(
    '%s needs a secret or TLS',
    (text) => {
      expect(() => refuseOpen(parseAddress(text), {})).toThrow(
        /expected a secret or TLS for it, or 127.0.0.1/,
      )
      expect(() => refuseOpen(parseAddress(text), { secret })).not.toThrow()
      expect(() => refuseOpen(parseAddress(text), tls('source'))).not.toThrow()
    },
  )

  it.each(['7000', ':7000', '127.0.0.1', '127.0.0.1:65536', 'a b:1', '[::1:7000', ''])(
    '%j is none',
    (text) => {
      expect(() => parseAddress(text)).toThrow(/this is no address; expected HOST:PORT/)
    },
  )

  it('a short secret is none', () => {
    expect(() => refuseOpen(parseAddress('127.0.0.1:1'), { secret: Buffer.from('short') })).toThrow(
      /the secret has 5 bytes; expected at least 16/,
    )
  })
})

describe('versions and features', () => {
  const hello = (change: Partial<Hello>): Hello => ({
    oldest: 1,
    newest: 1,
    offered: 2n,
    required: 0n,
    nonce: new Uint8Array(NONCE_BYTES),
    ...change,
  })
  it('the newest version of both, the features of both', () => {
    expect(agree('p', hello({ newest: 3 }), hello({ newest: 2, offered: 6n }))).toEqual({
      version: 2,
      features: 2n,
    })
  })
  it.each([
    [
      'a newer program alone',
      hello({}),
      hello({ oldest: 2, newest: 4 }),
      /it speaks versions 2 to 4; expected 1 to 1/,
    ],
    [
      'a feature that only one has',
      hello({}),
      hello({ offered: 18n, required: 16n }),
      /features 16 are required/,
    ],
  ])('%s: refused', (_, mine, theirs, why) => {
    expect(() => agree('p', mine, theirs)).toThrow(why)
  })
})

describe('somebody who does not speak the protocol', () => {
  const said = async (bytes: Buffer | null): Promise<string> => {
    const told: string[] = []
    const journal = join(folder, `said-${Math.trunc(bytes?.length ?? 0)}`)
    const receiver = await receive({
      at: LOOPBACK,
      journal,
      host,
      timeoutMs: 500,
      onEvent: (text) => told.push(text),
    })
    try {
      await new Promise<void>((resolve) => {
        const socket = connect(receiver.address.port, '127.0.0.1', () => {
          if (bytes) socket.write(bytes)
        })
        socket.on('data', () => {})
        socket.on('error', () => {})
        socket.on('close', () => resolve())
      })
      return told.join('\n')
    } finally {
      await receiver.close()
    }
  }
  it.each([
    [
      'a browser',
      Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      /record 0, byte \d+: the type is 17735/,
    ],
    ['nothing at all', null, /it sends no HELLO within 0.5 s/],
    ['half a record', Buffer.from([1, 0, 0, 0, 60, 0]), /it sends no HELLO within 0.5 s/],
  ])('%s is told off and closed', async (_, bytes, why) => {
    expect(await said(bytes)).toMatch(why)
  })
})
