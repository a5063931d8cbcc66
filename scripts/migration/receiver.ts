/** A `chronovisor receive` in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Address, parseAddress } from '../../src/migration/index.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface ReceiverProcess {
  readonly child: ChildProcess
  readonly address: Address
  /** Its exit status and what it printed. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

/** Resolves when it listens; rejects with what it said where it does not. */
export function startReceiver(...args: readonly string[]): Promise<ReceiverProcess> {
  const child = spawn(process.execPath, [main, 'receive', '--listen', '127.0.0.1:0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const ended: ReceiverProcess['ended'] = new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      const match = /listening at (\S+)/.exec(stderr)
      if (match) resolve({ child, ended, address: parseAddress(match[1]!) })
    })
    void ended.then(({ stderr: said }) => reject(new Error(said)))
  })
}
