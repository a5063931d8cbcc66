import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startReceiver } from '../../scripts/migration/receiver.js'
import { chronovisor, execute } from './execute.js'

const folder = mkdtempSync(join(tmpdir(), 'chronovisor-cli-migrate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('migrate and receive', () => {
  it('move a guest from process to process', async () => {
    const [here, there] = [join(folder, 'here'), join(folder, 'there')]
    const receiver = await startReceiver(
      '--journal',
      there,
      '--host',
      'uptime=3d,tsc-frequency=3GHz',
      '--for',
      '2s',
    )
    const to = `127.0.0.1:${receiver.address.port}`
    const sent = await chronovisor([
      'migrate',
      'kvm-migrate-realtime',
      '--to',
      to,
      '--journal',
      here,
      '--json',
    ])
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    const { migration, run } = JSON.parse(sent.stdout)
    expect(migration).toMatchObject({ outcome: 'moved', host: 'a-2', policy: 'kvm-realtime', reason: null })
    expect(migration.rounds[0].begin_true_ns).toBe('60000000000')
    expect(run).toBeNull()
    const got = await receiver.ended
    expect(got.code).toBe(0)
    const report = JSON.parse(got.stdout)
    expect(report.migration).toMatchObject({ guest: 'g', host: 'a-2', settled: true })
    expect(report.end_true_ns).toBe(`${BigInt(migration.land_true_ns) + 2_000_000_000n}`)
    // Nothing is left to be remembered.
    expect(readdirSync(there)).toEqual(['receiver'])
    expect(readdirSync(here)).toEqual([])
  })

  it('nobody listens: the guest runs on here, and the exit status says so', async () => {
    const journal = join(folder, 'nobody')
    const { code, stdout, stderr } = await execute([
      ...['migrate', 'kvm-migrate-realtime', '--at', '119s', '--to', '127.0.0.1:1', '--journal', journal],
    ])
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(stdout).toMatch(
      /^guest g stayed here: 127.0.0.1:1: .*ECONNREFUSED.*; expected `chronovisor receive` to listen there\n/,
    )
    expect(stdout).toMatch(/every check holds|FAIL/)
    expect(readdirSync(journal)).toEqual([])
  })

  it.each([
    [['migrate'], 'migrate needs a guest and a place; expected a scenario or a snapshot, and --to'],
    [
      ['migrate', 'kvm-migrate-realtime', '--to', '7000'],
      '7000: this is no address; expected HOST:PORT, such as 127.0.0.1:7000',
    ],
    [
      ['migrate', 'uptime-2038', '--to', '127.0.0.1:1'],
      'uptime-2038: it migrates no guest by itself; expected the instant to be given',
    ],
    [['migrate', 'x', '--to', '127.0.0.1:1', '--bandwidth', '12'], /the bandwidth/],
    [
      ['migrate', 'x', '--to', '127.0.0.1:1', '--rounds', '0'],
      'the rounds "0"; expected a whole number from 1 to 9999',
    ],
    [
      ['migrate', 'x', '--to', '127.0.0.1:1', '--decide', 'here'],
      '--decide is about a journal; expected --recover too',
    ],
    [
      ['migrate', '--recover', '/nowhere/out.json'],
      /^\/nowhere\/out.json: .*ENOENT.*expected the out-….json of a migration/,
    ],
    [['receive', '--listen', '0.0.0.0:0'], /expected a secret or TLS for it, or 127.0.0.1/],
    [
      ['receive', '--listen', '127.0.0.1:0', '--host', 'tsc-frequency=1Hz'],
      /expected 1 kHz to 16000000000 Hz/,
    ],
    [
      ['receive', '--listen', '127.0.0.1:0', '--host', 'age=1'],
      /the host's "age=1"; expected uptime=, wall=, tsc= or timebase=/,
    ],
    [
      ['receive', '--listen', '127.0.0.1:0', '--host-name', 'b'],
      '--host-name names a host of a scenario; expected --host-file too',
    ],
    [
      ['receive', '--listen', '127.0.0.1:0', '--host-file', 'kvm-migrate-realtime'],
      /it has 2 hosts; expected one of a, b to be named/,
    ],
    [
      ['receive', '--listen', '127.0.0.1:0', '--tls-cert', 'x'],
      'TLS needs three files; expected --tls-cert, --tls-key and --tls-ca together',
    ],
  ])('%j is told in one line', async (args, expected) => {
    const journal = join(folder, 'wrong')
    const { code, stdout, stderr } = await execute([...args, '--journal', journal])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    const line = stderr.trimEnd().replace(/^chronovisor: /, '')
    if (typeof expected === 'string') expect(line).toBe(expected)
    else expect(line).toMatch(expected)
    expect(existsSync(join(journal, 'lock'))).toBe(false)
  })

  it('a secret from a file', async () => {
    const file = join(folder, 'secret')
    writeFileSync(file, 'short\n')
    const { stderr } = await execute([
      'receive',
      '--listen',
      '127.0.0.1:0',
      '--secret-file',
      file,
      '--journal',
      folder,
    ])
    expect(stderr).toMatch(/the secret has 5 bytes; expected at least 16/)
  })
})
