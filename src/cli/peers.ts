/** Options that both sides of a migration have: who may talk to whom, how long one waits, where the journal is. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { defaultJournal, type Security } from '../migration/index.js'
import { InputError } from './output.js'
import { parseDuration } from './simulate.js'

export interface PeerOptions {
  secretFile?: string
  tlsCert?: string
  tlsKey?: string
  tlsCa?: string
  timeout?: bigint
  journal?: string
}

export function addPeerOptions(command: Command): Command {
  return command
    .option('--journal <folder>', 'what outlives a crash; default: ~/.local/state/chronovisor')
    .option('--timeout <duration>', 'for one record of the other side; default: 30 s', parseDuration)
    .option('--secret-file <file>', 'both sides must have the same secret; it does not encrypt')
    .option('--tls-cert <file>', 'TLS: this side’s certificate, PEM')
    .option('--tls-key <file>', 'TLS: its key, PEM')
    .option('--tls-ca <file>', 'TLS: who has to have signed the other side’s certificate, PEM')
}

export interface PeerSettings {
  readonly security: Security
  readonly journal: string
  readonly timeoutMs?: number
}

/** Throws InputError. */
export function peerSettings({
  secretFile,
  tlsCert,
  tlsKey,
  tlsCa,
  timeout,
  journal,
}: PeerOptions): PeerSettings {
  const given = [tlsCert, tlsKey, tlsCa].filter((file) => file !== undefined)
  if (given.length > 0 && given.length < 3)
    throw new InputError('TLS needs three files; expected --tls-cert, --tls-key and --tls-ca together')
  if (timeout !== undefined && (timeout < NS_PER_MS || timeout > DAY_NS))
    throw new InputError('the timeout is too short or too long; expected 1 ms to 1 d')
  return {
    journal: journal ?? defaultJournal(),
    security: {
      ...(secretFile !== undefined && { secret: secretOf(secretFile) }),
      ...(tlsCert !== undefined && {
        tls: { cert: read(tlsCert), key: read(tlsKey!), ca: read(tlsCa!) },
      }),
    },
    ...(timeout !== undefined && { timeoutMs: Number(timeout / NS_PER_MS) }),
  }
}

const NS_PER_MS = 1_000_000n
const DAY_NS = 86_400_000_000_000n

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new InputError(`${file}: ${(error as Error).message}; expected a file`)
  }
}

/** A line end at its end is no part of it. */
function secretOf(file: string): Buffer {
  return Buffer.from(
    read(file)
      .toString('latin1')
      .replace(/\r?\n$/, ''),
    'latin1',
  )
}
