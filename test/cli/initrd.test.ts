/** `--initrd` of a folder: an archive that does not tell when, where or by whom it was made; and lines typed at a prompt. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readInitrd } from '../../src/cli/initrd.js'
import { fileKeys } from '../../src/cli/keys.js'
import type { PowerMachine } from '../../src/power/index.js'
import { execute } from './execute.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-initrd-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Entry {
  readonly path: string
  readonly mode: string
  readonly content: string
  readonly device: readonly [number, number]
}

/** Reads the format by its description: 6 bytes of magic, 13 fields of 8 hexadecimal digits, name, content. */
function entries(archive: Uint8Array): Entry[] {
  const bytes = Buffer.from(archive)
  const found: Entry[] = []
  for (let at = 0; ; ) {
    expect(bytes.toString('latin1', at, at + 6)).toBe('070701')
    const field = (index: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16)
    const [mode, uid, gid, mtime, size, major, minor, nameSize] = [1, 2, 3, 5, 6, 9, 10, 11].map(field)
    const name = bytes.toString('utf8', at + 110, at + 110 + nameSize! - 1)
    const from = Math.ceil((at + 110 + nameSize!) / 4) * 4
    at = Math.ceil((from + size!) / 4) * 4
    if (name === 'TRAILER!!!') break
    expect([uid, gid, mtime]).toEqual([0, 0, 0])
    const content = bytes.toString('utf8', from, from + size!)
    found.push({
      path: name,
      mode: mode!.toString(8),
      content,
      device: [major!, minor!],
    })
  }
  expect(bytes.length % 512).toBe(0)
  return found
}

function root(name: string, files: readonly string[]): string {
  const at = join(folder, name)
  mkdirSync(join(at, 'sub'), { recursive: true })
  for (const file of files) writeFileSync(join(at, file), `of ${file}`)
  return at
}

describe('--initrd FOLDER', () => {
  it('files, folders, links and a console, sorted, equal whoever made them when', () => {
    const one = root('one', ['init', 'b', 'sub/ü', 'a'])
    chmodSync(join(one, 'init'), 0o700)
    chmodSync(join(one, 'b'), 0o640)
    symlinkSync('../init', join(one, 'sub/link'))
    const { bytes } = readInitrd(one)
    const none = [0, 0]
    expect(entries(bytes)).toEqual([
      { path: 'a', mode: '100644', content: 'of a', device: none },
      { path: 'b', mode: '100644', content: 'of b', device: none },
      { path: 'init', mode: '100755', content: 'of init', device: none },
      { path: 'sub', mode: '40755', content: '', device: none },
      { path: 'sub/link', mode: '120777', content: '../init', device: none },
      { path: 'sub/ü', mode: '100644', content: 'of sub/ü', device: none },
      { path: 'dev', mode: '40755', content: '', device: none },
      { path: 'dev/console', mode: '20600', content: '', device: [5, 1] },
    ])
    const other = root('other', ['a', 'sub/ü', 'init', 'b'])
    chmodSync(join(other, 'init'), 0o755)
    symlinkSync('../init', join(other, 'sub/link'))
    utimesSync(join(other, 'a'), 1, 2)
    expect(readInitrd(other).bytes).toEqual(bytes)
  })

  it('says what is missing, and what cannot be in an archive', async () => {
    const empty = root('empty', ['readme'])
    const boot = await execute(['boot', 'test/guests/power/b64-sort.elf', '--initrd', empty])
    expect(boot).toEqual({
      code: 2,
      stdout: '',
      stderr: `chronovisor: ${empty}: nothing named init; expected the program that is the first process\n`,
    })
    const odd = root('odd', ['init'])
    const server = createServer().listen(join(odd, 'socket'))
    await new Promise((resolve) => server.on('listening', resolve))
    expect(() => readInitrd(odd)).toThrow(`${join(odd, 'socket')}: neither file, folder nor link`)
    server.close()
  })
})

describe('--prompt', () => {
  function typist(text: string, prompt?: string) {
    const file = join(folder, 'typed')
    writeFileSync(file, text)
    const keys = fileKeys(file, prompt)
    let typed = ''
    /** Has room for three characters at a time. */
    const type = (bytes: Uint8Array) => {
      typed += Buffer.from(bytes.subarray(0, 3)).toString('latin1')
      return Math.min(3, bytes.length)
    }
    return (printed: string) => {
      keys.hear(printed)
      keys.feed({ type } as unknown as PowerMachine)
      return typed
    }
  }

  it('types a line each time the guest has printed it, also in two pieces', () => {
    const after = typist('ab\ncd\nef', '$ ')
    expect(['', '# ', 'x$', ' ', '', '$ $', '', ' y', '$ $ '].map(after)).toEqual([
      '',
      '',
      '',
      'ab\n',
      'ab\n',
      'ab\ncd\n',
      'ab\ncd\n',
      'ab\ncd\nef',
      'ab\ncd\nef',
    ])
  })

  it('without one it types all there is, as far as there is room', () => {
    const after = typist('abcd\nef')
    expect(['', 'x', 'y'].map(after)).toEqual(['abc', 'abcd\ne', 'abcd\nef'])
  })

  it('is of --input', async () => {
    const { code, stderr } = await execute(['boot', 'test/guests/power/b64-sort.elf', '--prompt', '# '])
    expect([code, stderr]).toEqual([
      2,
      'chronovisor: --prompt: expected the text after which lines of --input are typed, and --input\n',
    ])
  })
})
