/** The peer in C: native/clock.c, compiled for this processor, one short process a measurement. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FLAGS = ['-std=gnu11', '-O3', '-march=native']

export class Native {
  readonly #folder = mkdtempSync(join(tmpdir(), 'chronovisor-bench-'))
  /** Why there is no peer; null if there is one. */
  readonly missing: string | null
  /** `gcc (Debian 12.2.0) 12.2.0`; null if there is none. */
  readonly compiler: string | null

  constructor() {
    const source = fileURLToPath(new URL('native/clock.c', import.meta.url))
    const { error, status, stderr } = spawnSync('gcc', [...FLAGS, '-o', this.#program, source], {
      encoding: 'utf8',
    })
    if (error) this.missing = 'there is no gcc here'
    else this.missing = status === 0 ? null : `gcc refuses it: ${stderr.split('\n')[0]}`
    const version = this.missing === null && spawnSync('gcc', ['--version'], { encoding: 'utf8' })
    this.compiler = version ? version.stdout.split('\n')[0]! : null
  }

  get #program(): string {
    return join(this.#folder, 'clock')
  }

  /** The lines that it prints; null when there is no such program or no such case on this processor. */
  #run(...args: string[]): string[] | null {
    if (this.missing !== null) return null
    const { status, stdout } = spawnSync(this.#program, args, { encoding: 'utf8', maxBuffer: 1 << 24 })
    return status === 0 ? stdout.trim().split('\n') : null
  }

  /** The least time that an operation of a case took in one of `spells` short spells, ns. */
  least(name: string, spells: number): number | null {
    const lines = this.#run(name, 'spells', String(spells))
    return lines && Number(lines[0])
  }

  /** What a case computes. */
  results(name: string): bigint[] | null {
    return this.#run(name, 'results')?.map((word) => BigInt(`0x${word}`)) ?? null
  }

  /** Removes what was compiled. */
  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
