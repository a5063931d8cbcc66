/**
 * Saving and restoring a guest of 16 MiB whose every page was written. Beside it the least that Node has to do for a file
 * that is whole or not there at all: hash the same bytes, write, flush and rename them; read and hash them.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Machine } from '../core/machine.js'
import { loadSnapshot, saveSnapshot } from '../snapshot/index.js'
import { fullGuest } from './full-guest.js'
import { type Case, FEW_ROUNDS, sampled } from './measure.js'

const MIB = 16
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

function writeWhole(file: string, bytes: Uint8Array): void {
  const fd = openSync(`${file}.new`, 'w')
  try {
    writeSync(fd, bytes)
    writeSync(fd, hashOf(bytes))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.new`, file)
}

/** The cases, and what removes their files. */
export function snapshotSuites(): { readonly cases: Case[]; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-bench-'))
  const { snapshot, machine } = fullGuest(MIB)
  const [file, plain] = [join(folder, 'large.snap'), join(folder, 'plain')]
  saveSnapshot(file, snapshot)
  const { image } = loadSnapshot(file).world.guest
  const bytes = readFileSync(file)
  writeWhole(plain, bytes)
  const beside = (id: string, title: string, core: () => void, peer: string, node: () => void): Case => ({
    suite: 'snapshot',
    id,
    title,
    unit: 'MiB',
    rounds: FEW_ROUNDS,
    core: sampled(core, MIB),
    peers: [{ name: 'Node', title: peer, goal: null, time: sampled(node, MIB) }],
  })
  return {
    cases: [
      beside(
        'snapshot-save',
        'saved to a file',
        () => saveSnapshot(file, snapshot),
        'hash, write, flush',
        () => writeWhole(plain, bytes),
      ),
      beside(
        'snapshot-load',
        'read and verified',
        () => loadSnapshot(file),
        'read, hash',
        () => hashOf(readFileSync(plain)),
      ),
      beside(
        'snapshot-land',
        'landed on a new machine',
        () => new Machine().land(image),
        'copy of the bytes',
        () => new Uint8Array(bytes),
      ),
      beside(
        'state-hash',
        'state hash, XXH64',
        () => machine.hash,
        'SHA-256',
        () => hashOf(bytes),
      ),
    ],
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
