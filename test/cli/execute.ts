import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { execute as executeHere } from '../../src/cli/program.js'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command line in this process: all of it but main.ts. */
export async function execute(args: readonly string[]): Promise<Ended> {
  const told = { code: 0, stdout: '', stderr: '' }
  const streams = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      told[name] += text
      return true
    }),
  )
  try {
    told.code = await executeHere(args)
  } finally {
    for (const stream of streams) stream.mockRestore()
  }
  return told
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface SpawnOptions {
  /** Closes the reading end of stdout before anything is written to it. */
  readonly closeStdout?: boolean
}

/** The command line in a process of its own, as a script would call it. */
export function chronovisor(
  args: readonly string[],
  { closeStdout = false }: SpawnOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    if (closeStdout) child.stdout.destroy()
    else child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
