/**
 * Who may talk to whom, and the first records of a connection:
 *
 *   source ── HELLO ──>              versions, features, a nonce of 32 random bytes
 *          <── HELLO ── destination
 *   source ── PROOF ──>              with a secret: HMAC-SHA-256(secret, "source"      · both HELLOs)
 *          <── PROOF ── destination                 HMAC-SHA-256(secret, "destination" · both HELLOs)
 *
 * Both sides show that they know the secret without sending it; neither proof can be replayed, since the other side's
 * nonce is in it, nor sent back, since the roles are, and what was negotiated cannot be changed on the way, since the
 * HELLOs are. It does not encrypt, and it does not sign what comes after: who can read or change the network's packets
 * reads the guest's memory, or changes it. Against that there is TLS with a certificate on both sides.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { Channel } from './channel.js'
import { MigrationError } from './error.js'
import { randomNonce } from './real.js'
import {
  bodyOf,
  encodeHello,
  Feature,
  type Hello,
  NONCE_BYTES,
  readHello,
  readProof,
  VERSION,
} from './records.js'

export interface Security {
  /** Both sides must have the same. */
  readonly secret?: Uint8Array
  /** PEM. Each side trusts what `ca` has signed, and nothing else. */
  readonly tls?: { readonly cert: Uint8Array; readonly key: Uint8Array; readonly ca: Uint8Array }
}

export const MIN_SECRET_BYTES = 16

export interface Address {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:7000`, `[::1]:7000`, `localhost:7000`. Throws MigrationError. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65535)
    throw new MigrationError(text, null, 'this is no address; expected HOST:PORT, such as 127.0.0.1:7000')
  return { host: match[1] ?? match[2]!, port }
}

export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** Throws MigrationError where everybody on the network could take part. */
export function refuseOpen(address: Address, { secret, tls }: Security): void {
  if (secret && secret.length < MIN_SECRET_BYTES)
    throw new MigrationError(
      addressText(address),
      null,
      `the secret has ${secret.length} bytes; expected at least ${MIN_SECRET_BYTES}`,
    )
  if (isLoopback(address.host) || secret || tls) return
  throw new MigrationError(
    addressText(address),
    null,
    'this address is not of this machine alone; expected a secret or TLS for it, or 127.0.0.1',
  )
}

/** What both sides will do. */
export interface Agreement {
  readonly version: number
  readonly features: bigint
}

/** Shows and checks who both are; `needed` are features that the other side must have. Throws MigrationError, and has then told the other side. */
export async function shakeHands(
  channel: Channel,
  role: 'source' | 'destination',
  { secret }: Security,
  needed = 0n,
): Promise<Agreement> {
  try {
    const required = (secret ? Feature.secret : 0n) | needed
    const mine: Hello = {
      oldest: VERSION,
      newest: VERSION,
      offered: Feature.observations | Feature.code | required,
      required,
      nonce: randomNonce(NONCE_BYTES),
    }
    const [own, other] = await exchange(channel, role, encodeHello(mine))
    const agreed = agree(channel.peer, mine, other.hello)
    if (agreed.features & Feature.secret) {
      const hellos = role === 'source' ? [own, other.bytes] : [other.bytes, own]
      await prove(channel, role, secret!, hellos)
    }
    channel.trust()
    return agreed
  } catch (error) {
    if (error instanceof MigrationError && error.kind === 'wrong') await channel.refuse(error.detail)
    throw error
  }
}

async function exchange(channel: Channel, role: 'source' | 'destination', own: Buffer) {
  if (role === 'source') await channel.send('HELLO', own)
  const frame = await channel.receive('HELLO')
  if (role === 'destination') await channel.send('HELLO', own)
  return [own, { bytes: frame.body, hello: readHello(bodyOf(frame, channel.peer)) }] as const
}

/** The newest version that both speak, and the features that both offer. Throws MigrationError. */
export function agree(peer: string, mine: Hello, theirs: Hello): Agreement {
  const version = Math.min(mine.newest, theirs.newest)
  if (version < mine.oldest || version < theirs.oldest)
    throw new MigrationError(
      peer,
      null,
      `it speaks versions ${theirs.oldest} to ${theirs.newest}; expected ${mine.oldest} to ${mine.newest}`,
    )
  const features = mine.offered & theirs.offered
  if ((mine.required | theirs.required) & Feature.secret & ~features)
    throw new MigrationError(
      peer,
      null,
      'one side has a secret and the other has none; expected the same on both',
    )
  const missing = (mine.required | theirs.required) & ~features
  if (missing)
    throw new MigrationError(peer, null, `features ${missing} are required; expected what both sides have`)
  return { version, features }
}

async function prove(
  channel: Channel,
  role: 'source' | 'destination',
  secret: Uint8Array,
  hellos: readonly Uint8Array[],
): Promise<void> {
  const proof = (of: string) => {
    const hmac = createHmac('sha256', secret).update(of)
    for (const hello of hellos) hmac.update(hello)
    return hmac.digest()
  }
  // Who calls proves first: a stranger learns nothing from the one who is called.
  if (role === 'source') await channel.send('PROOF', proof('source'))
  const frame = await channel.receive('PROOF')
  const theirs = readProof(bodyOf(frame, channel.peer))
  if (!timingSafeEqual(theirs, proof(role === 'source' ? 'destination' : 'source')))
    throw new MigrationError(channel.peer, null, 'its proof is wrong; expected one made with the same secret')
  if (role === 'destination') await channel.send('PROOF', proof('destination'))
}
