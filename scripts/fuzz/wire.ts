/** What one side of a migration's connection reads: a conversation as a file, from HELLO to DONE. */
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { MigrationError } from '../../src/migration/error.js'
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  HEADER_BYTES,
  type TypeName,
} from '../../src/migration/frame.js'
import * as records from '../../src/migration/records.js'
import type { PowerMake } from '../../src/power/index.js'
import type { Seed } from './mutate.js'
import type { Reader } from './readers.js'

const PEER = 'peer'
/** As a network brings them. */
const PIECE_BYTES = 1448
const MEMORY_PAGES = 4096

type Read = (body: ReturnType<typeof records.bodyOf>, frame: Frame) => unknown

const READS: Readonly<Record<TypeName, Read>> = {
  HELLO: records.readHello,
  PROOF: records.readProof,
  REFUSED: records.readText,
  START: records.readStart,
  READY: records.readReady,
  PAGES: (body, { data }) =>
    records.readPages(
      body,
      MEMORY_PAGES,
      data.reduce((sum, { length }) => sum + length, 0),
    ),
  LOG: () => null,
  TEXT: () => null,
  ROUND: records.readRound,
  ROUND_DONE: records.readRoundDone,
  SYNC: (body) => body.end(),
  SYNCED: (body) => body.end(),
  PREPARE: records.readPrepare,
  PREPARED: records.readId,
  COMMIT: records.readId,
  OWNED: records.readId,
  DONE: records.readId,
  QUERY: records.readQuery,
  ANSWER: records.readAnswer,
}

function readConversation(path: string): void {
  const bytes = readFileSync(path)
  const decoder = new FrameDecoder(PEER)
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    decoder.push(bytes.subarray(at, at + PIECE_BYTES))
    for (let frame = decoder.next(); frame; frame = decoder.next()) {
      READS[frame.type](records.bodyOf(frame, PEER), frame)
      if (frame.type === 'PROOF') decoder.trust()
    }
  }
  if (!decoder.between)
    throw new MigrationError(PEER, decoder.where, 'the connection ended; expected the rest of the record')
}

const ID = '00112233445566778899aabbccddeeff'

const MAKE: PowerMake = {
  model: 'pseries',
  ramBytes: MEMORY_PAGES * 4096,
  cpuHz: 1_000_000_000n,
  tbHz: 512_000_000n,
  decBits: 56,
  cpus: 1,
}

/** `make`: of a guest of machine code. */
function conversation(text: string, make: PowerMake | null): Seed {
  const nonce = Buffer.alloc(records.NONCE_BYTES, 7)
  const prepare = { id: ID, stopNs: 5n, saveNs: 6n, landNs: 7n, wasRunning: true, observations: 2 }
  const bodies: readonly (readonly [TypeName, Buffer, Buffer?])[] = [
    ['HELLO', records.encodeHello({ oldest: 1, newest: records.VERSION, offered: 3n, required: 1n, nonce })],
    ['PROOF', Buffer.alloc(32, 9)],
    [
      'START',
      records.encodeStart({
        id: ID,
        fileName: 'case.yaml',
        text,
        seed: 1,
        guest: 'g',
        host: 'a',
        policy: 'xen-today',
        beginNs: 0n,
        memoryBytes: MEMORY_PAGES * 4096,
        make,
      }),
    ],
    ['READY', records.encodeReady(ID, 'b')],
    ['PAGES', records.encodePages([{ page: 3, pages: 2, hash: 1n }]), Buffer.alloc(8192, 5)],
    ['LOG', Buffer.alloc(80, 1)],
    ['TEXT', Buffer.from('@clocks 1\n')],
    ['ROUND', records.encodeRound(1, 2)],
    ['ROUND_DONE', records.encodeRoundDone(1)],
    ['SYNC', Buffer.alloc(0)],
    ['SYNCED', Buffer.alloc(0)],
    ['PREPARE', records.encodePrepare(prepare, [Buffer.alloc(300, 2)])],
    ['PREPARED', records.encodeId(ID)],
    ['COMMIT', records.encodeId(ID)],
    ['OWNED', records.encodeId(ID)],
    ['QUERY', records.encodeQuery(ID, ID)],
    ['ANSWER', records.encodeAnswer(ID, 'owned')],
    ['REFUSED', records.encodeText('no room')],
    ['DONE', records.encodeId(ID)],
  ]
  const parts = bodies.map(([type, body, data = Buffer.alloc(0)], number) =>
    Buffer.concat([...encodeFrame(type, number, body, data.length), data]),
  )
  return { parts, join: (some) => Buffer.concat(some.map(sealed)) }
}

/** One frame with its lengths, number and checksum put right; data only where there was some. */
function sealed(frame: Buffer, number: number): Buffer {
  if (frame.length < HEADER_BYTES) return frame
  const copy = Buffer.from(frame)
  const data = Math.min(copy.readUInt32LE(8), copy.length - HEADER_BYTES)
  copy.writeUInt32LE(copy.length - HEADER_BYTES - data, 4)
  copy.writeUInt32LE(data, 8)
  copy.writeUInt32LE(number, 12)
  const body = copy.subarray(HEADER_BYTES, copy.length - data)
  copy.writeUInt32LE(crc32(body, crc32(copy.subarray(0, 16))), 16)
  return copy
}

export const wire: Reader = {
  name: 'wire',
  share: 50,
  seeds: () => [
    conversation('name: a\n', MAKE),
    conversation(`name: b\n${'# a comment\n'.repeat(200)}`, null),
  ],
  read: readConversation,
  lacks: (error) => {
    if (!(error instanceof MigrationError)) return 'not a MigrationError'
    if (error.where === null) return 'no place'
    if (!/expected/.test(error.detail)) return 'nothing is expected'
    return /[\n\r]/.test(error.message) ? 'more than a line' : null
  },
}
