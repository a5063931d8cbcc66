import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { StagedFile } from '../../src/file/replace.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-replace-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a staged file', () => {
  it('leaves the file of that name alone until it is taken, and is then all that is there', async () => {
    const path = join(folder, 'record')
    writeFileSync(path, 'before')
    const staged = new StagedFile(path, ['after', Buffer.from('wards')], 0o600, 'next')
    await staged.ready
    expect(readFileSync(path, 'utf8')).toBe('before')
    staged.take()
    expect(readFileSync(path, 'utf8')).toBe('afterwards')
    expect(readdirSync(folder)).toEqual(['record'])
  })

  it('takes the place of one that a process left behind, and leaves nothing when it is dropped', async () => {
    const path = join(folder, 'other')
    writeFileSync(join(folder, '.other.next.tmp'), 'of a process that was killed')
    const staged = new StagedFile(path, ['x'], 0o600, 'next')
    await staged.ready
    expect(readFileSync(join(folder, '.other.next.tmp'), 'utf8')).toBe('x')
    staged.drop()
    expect(readdirSync(folder)).toEqual(['record'])
  })

  it('leaves nothing where it cannot be written', () => {
    const broken = function* () {
      yield 'some'
      throw new Error('no more')
    }
    expect(() => new StagedFile(join(folder, 'third'), broken(), 0o600, 'next')).toThrow('no more')
    expect(readdirSync(folder)).toEqual(['record'])
  })
})
