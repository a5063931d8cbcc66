/** Fetching guests when others do so as well, and when the archive has just not answered. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { alone } from '../../scripts/guests/alone.js'
import { FetchError, unpackDebian } from '../../scripts/guests/debian.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-fetch-'))
afterAll(() => rmSync(folder, { recursive: true }))
const NAME = /^no-such-package$/

it('a package that is there is not asked for', () => {
  mkdirSync(join(folder, 'some-package'))
  expect(unpackDebian(folder, 'bookworm', 'ppc64el', /^some-/)).toBe(join(folder, 'some-package'))
})

it('an archive that has just not answered is not asked again, and the reason is said again', () => {
  const kept = join(folder, 'no-answer')
  writeFileSync(kept, 'apt-get update: it was not there')
  const ask = () => unpackDebian(folder, 'bookworm', 'ppc64el', NAME)
  expect(ask).toThrow(new FetchError('apt-get update: it was not there'))
  // Later it is: an apt that is not to be found is a failure like any other, and kept in turn.
  utimesSync(kept, 0, 0)
  const { PATH } = process.env
  process.env.PATH = folder
  try {
    expect(ask).toThrow(/^apt-get: .*ENOENT/)
  } finally {
    process.env.PATH = PATH
  }
  expect(readFileSync(kept, 'utf8')).toMatch(/^apt-get: .*ENOENT/)
  expect(existsSync(join(folder, 'lock'))).toBe(false)
})

it('one process at a time: the lock of one that is gone is taken, that of one that lives is waited for', async () => {
  const lock = join(folder, 'lock')
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(lock, `${pid}`)
  expect(alone(lock, () => readFileSync(lock, 'utf8'))).toBe(`${process.pid}`)
  const other = spawn(process.execPath, [
    '-e',
    'setTimeout(() => require("fs").rmSync(process.argv[1]), 300)',
    lock,
  ])
  writeFileSync(lock, `${other.pid}`)
  const order: string[] = [existsSync(lock) ? 'held' : 'free']
  alone(lock, () => order.push(readFileSync(lock, 'utf8')))
  expect(order).toEqual(['held', `${process.pid}`])
  expect(existsSync(lock)).toBe(false)
})
