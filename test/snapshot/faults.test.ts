/**
 * Whatever happens during a save, under the real name stands a whole file: the older one or the new one. The processes
 * here are real, run what was built to dist/, and are killed with SIGKILL.
 */

import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadSnapshot, loadSnapshotAsync, saveSnapshot, saveSnapshotAsync } from '../../src/snapshot/index.js'
import { temporaryFolder } from '../helpers/folder.js'
import { small, smallSnapshot } from './fixture.js'

const folder = temporaryFolder()
const built = fileURLToPath(new URL('../../dist/snapshot/index.js', import.meta.url))
const snapshot = smallSnapshot()
const file = join(folder, 'whole.chv')
const bytes = saveSnapshot(file, snapshot)
const whole = readFileSync(file)

/** Begins with the older file in a folder of its own. */
function place(name: string): { readonly folder: string; readonly target: string } {
  const own = join(folder, name)
  mkdirSync(own)
  const target = join(own, 'guest.chv')
  writeFileSync(target, whole)
  return { folder: own, target }
}

describe('while it is computed', () => {
  it('what is written and read is the same', async () => {
    const target = join(folder, 'async.chv')
    expect(await saveSnapshotAsync(target, snapshot)).toBe(bytes)
    expect(readFileSync(target).equals(whole)).toBe(true)
    const { world } = await loadSnapshotAsync(target)
    expect(world.guest.image).toEqual(loadSnapshot(file).world.guest.image)
    await saveSnapshotAsync(target, snapshot, { gzip: true })
    expect((await loadSnapshotAsync(target)).world.guest.image).toEqual(world.guest.image)
  })

  it('what is wrong is told the same way', async () => {
    const target = join(folder, 'wrong.chv')
    for (const at of [0, 9, 20, 100, whole.length - 1]) {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= 1
      for (const bytes of [damaged, whole.subarray(0, at)]) {
        writeFileSync(target, bytes)
        let told = ''
        try {
          loadSnapshot(target)
        } catch (error) {
          told = (error as Error).message
        }
        expect(told).not.toBe('')
        await expect(loadSnapshotAsync(target)).rejects.toThrow(told)
      }
    }
    const absent = join(folder, 'no', 'such', 'folder', 'guest.chv')
    await expect(saveSnapshotAsync(absent, snapshot)).rejects.toThrow(
      /guest\.chv: it cannot be written \(ENOENT/,
    )
    await expect(loadSnapshotAsync(absent)).rejects.toThrow(/there is no such file/)
  })
})

/** Takes the same snapshot as `smallSnapshot`, in another process, and saves it. */
const take = `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  import { saveSnapshot, saveSnapshotAsync, takeSnapshot } from ${JSON.stringify(built)}
  const [target] = process.argv.slice(1)
  const snapshot = takeSnapshot(${JSON.stringify(small)}, { atNs: 6_000_000_000n })`

const node = (script: string, ...args: string[]) => ['--input-type=module', '-e', script, ...args]

/** What a later snapshot, from another process, is to be like. */
const later = place('later').target
execFileSync(process.execPath, node(`${take}\n saveSnapshot(target, snapshot)`, later))
const newer = readFileSync(later)

/** The older file or the new one, whole; and beside it at most what a killed process leaves. */
function expectWhole(where: { readonly folder: string; readonly target: string }): 'older' | 'newer' {
  const now = readFileSync(where.target)
  expect(now.equals(whole) || now.equals(newer)).toBe(true)
  for (const name of readdirSync(where.folder)) expect(name).toMatch(/^(guest\.chv|\.guest\.chv\.\d+\.tmp)$/)
  return now.equals(whole) ? 'older' : 'newer'
}

it('the two files differ', () => {
  expect(newer.equals(whole)).toBe(false)
  expect(loadSnapshot(later).world.atNs).toBe(6_000_000_000n)
})

/** Kills itself before or after call n to the file system, which is one that a save makes. */
const STEPS = ['rmSync', 'openSync', 'writevSync', 'fsyncSync', 'closeSync', 'renameSync']
const dieAt = (n: number, after: boolean) => `${take}
  let calls = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  for (const name of ${JSON.stringify(STEPS)}) {
    const call = fs[name]
    fs[name] = (...args) => {
      calls++
      if (calls === ${n} && !${after}) die()
      const result = call(...args)
      if (calls === ${n} && ${after}) die()
      return result
    }
  }
  syncBuiltinESMExports()
  saveSnapshot(target, snapshot)
  process.stdout.write(String(calls))`

function run(
  script: string,
  ...args: string[]
): Promise<{ readonly signal: string | null; readonly stdout: string }> {
  const child = spawn(process.execPath, node(script, ...args), { stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  return new Promise((resolve) => child.on('close', (_code, signal) => resolve({ signal, stdout })))
}

describe('killed', () => {
  it('before and after each call that a save makes', async () => {
    const where = place('steps')
    const calls = Number((await run(dieAt(0, false), where.target)).stdout)
    expect(calls).toBeGreaterThanOrEqual(STEPS.length)
    expect(expectWhole(where)).toBe('newer')
    const states: string[] = []
    for (let n = 1; n <= calls; n++) {
      for (const after of [false, true]) {
        writeFileSync(where.target, whole)
        expect((await run(dieAt(n, after), where.target)).signal).toBe('SIGKILL')
        states.push(expectWhole(where))
      }
    }
    // The name changes in one call: nothing before it shows, everything after it stays.
    const first = states.indexOf('newer')
    expect(first).toBeGreaterThan(0)
    expect(states.slice(first)).toEqual(states.slice(first).map(() => 'newer'))
  })

  it('at any moment of saves without end', async () => {
    const where = place('moments')
    const script = `${take}
      process.stdout.write('ready')
      for (;;) {
        await saveSnapshotAsync(target, snapshot)
        saveSnapshot(target, snapshot)
      }`
    for (let kill = 0; kill < 10; kill++) {
      writeFileSync(where.target, whole)
      const child = spawn(process.execPath, node(script, where.target), {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise((resolve) => child.stdout.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, kill * 5))
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
      expectWhole(where)
    }
    // A process of the same number would clear away what was left.
    expect(statSync(where.target).size).toBeGreaterThan(0)
  })
})

it('in a folder that may not be written', async () => {
  const where = place('read-only')
  chmodSync(where.folder, 0o555)
  chmodSync(folder, 0o755)
  // Root may write everywhere, and so becomes nobody.
  const script = `${take}
    if (process.getuid() === 0) process.setuid(65534)
    for (const save of [saveSnapshot, saveSnapshotAsync]) {
      try {
        await save(target, snapshot)
        process.stdout.write('saved ')
      } catch (error) {
        process.stdout.write(error.message + '\\n')
      }
    }`
  const { stdout } = await run(script, where.target)
  chmodSync(where.folder, 0o755)
  const line = /^.*guest\.chv: it cannot be written \(EACCES.*\); expected a file name in a folder with room$/
  const lines = stdout.trimEnd().split('\n')
  expect(lines.length).toBe(2)
  for (const one of lines) expect(one).toMatch(line)
  expect(expectWhole(where)).toBe('older')
  expect(readdirSync(where.folder)).toEqual(['guest.chv'])
})
