/**
 * One migration between two real processes of which one is killed at a step, or both; then whoever died is started again.
 * What counts is where the guest has run to its end: on exactly one side, and the other one never began.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const preload = new URL('./kill-at.mjs', import.meta.url).href
const TIMEOUT = '1500ms'
const QUESTIONS = 3

export interface Kill {
  /** The step at which each side is killed; 0: it is not. */
  readonly source: number
  readonly destination: number
}

export interface Trial {
  readonly kill: Kill
  readonly killed: { readonly source: boolean; readonly destination: boolean }
  /** Who has run the guest to its end. */
  readonly owners: readonly ('source' | 'destination')[]
  /** null: as it has to be. */
  readonly wrong: string | null
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Of `receive`; null: it died before it listened. */
  readonly listening: Promise<string | null>
}

function start(args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, ['--import', preload, main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  let heard: (address: string | null) => void = () => {}
  const listening = new Promise<string | null>((resolve) => {
    heard = resolve
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    const match = /listening at (\S+)/.exec(stderr)
    if (match) heard(match[1]!)
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      heard(null)
      resolve({ code, signal, stdout, stderr })
    })
  })
  return { child, ended, listening }
}

/** The destination, through all its lives: one that was killed is started again with its journal, at its address. */
class Destination {
  readonly #journal: string
  readonly #env: Readonly<Record<string, string>>
  readonly ends: Ended[] = []
  killed = false
  address = '127.0.0.1:0'
  #life: Running | null = null
  #over = false
  #lives: Promise<void> = Promise.resolve()

  constructor(journal: string, env: Readonly<Record<string, string>>) {
    this.#journal = journal
    this.#env = env
  }

  async begin(): Promise<void> {
    await this.#live(this.#env)
  }

  async #live(env: Readonly<Record<string, string>>): Promise<void> {
    const args = [
      'receive',
      '--listen',
      this.address,
      '--journal',
      this.#journal,
      '--timeout',
      TIMEOUT,
      '--json',
    ]
    const life = start(args, env)
    this.#life = life
    const address = await life.listening
    // Killed before it listened, it has to be there before anybody can ask for it.
    if (address === null) return this.#after(await life.ended)
    this.address = address
    this.#lives = life.ended.then((ended) => this.#after(ended))
  }

  /** A life has ended: with a kill, another begins. */
  async #after(ended: Ended): Promise<void> {
    this.ends.push(ended)
    if (ended.signal !== 'SIGKILL') return
    this.killed = true
    if (!this.#over) await this.#live({})
  }

  /** It listens, even if it has run a guest to its end and has ended: it has its journal to answer from. */
  async ensure(): Promise<void> {
    if (this.#life?.child.exitCode !== null) await this.#live({})
  }

  get hasRun(): boolean {
    return this.ends.some(({ stdout }) => tellsOfRun(stdout))
  }

  /** It has run a guest to its end, or fails. */
  async finish(): Promise<void> {
    let known: Promise<void>
    do {
      known = this.#lives
      await known
    } while (known !== this.#lives)
  }

  /**
   * As finish, for a guest that seems to be here: until some life has shown what it saw, or has found that it never came
   * whole and swept it away.
   */
  async runOut(): Promise<void> {
    while (!this.hasRun && this.guests.length > 0) await setTimeout(20)
    await this.stop()
  }

  /** No guest will come. */
  async stop(): Promise<void> {
    this.#over = true
    this.#life?.child.kill('SIGTERM')
    await this.finish()
  }

  /** None where it was killed before it had a journal. */
  get guests(): string[] {
    const names = existsSync(this.#journal) ? readdirSync(this.#journal) : []
    return names.filter((name) => /^in-.*\.guest$/.test(name))
  }
}

const SCENARIO = 'kvm-migrate-realtime'

/** `scenario` is a built-in one that migrates its guest; `code`: options for its machine code. */
export async function trial(
  kill: Kill,
  scenario = SCENARIO,
  counts?: Partial<Record<'source' | 'destination', string>>,
  code: readonly string[] = [],
): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-kill-'))
  const [here, there] = [join(folder, 'here'), join(folder, 'there')]
  const env = (at: number, count?: string) => ({
    KILL_AT: `${at}`,
    ...(count !== undefined && { KILL_COUNT: count }),
  })
  const destination = new Destination(there, env(kill.destination, counts?.destination))
  try {
    await destination.begin()
    const args = [
      'migrate',
      scenario,
      ...code,
      '--to',
      destination.address,
      '--journal',
      here,
      '--timeout',
      TIMEOUT,
      '--json',
    ]
    const first = await start(args, env(kill.source, counts?.source)).ended
    const runs = [first]
    const killed = first.signal === 'SIGKILL'
    if (killed || outcomeOf(first) === 'doubt') {
      const journal = existsSync(here) ? readdirSync(here).find((name) => name.endsWith('.json')) : undefined
      if (journal !== undefined) {
        // A destination may end while the source comes up: it is asked again, with its journal.
        for (let i = 0; i < QUESTIONS && (i === 0 || outcomeOf(runs.at(-1)!) === 'doubt'); i++) {
          await destination.ensure()
          const again = ['migrate', '--recover', join(here, journal), '--to', destination.address]
          runs.push(await start([...again, '--timeout', TIMEOUT, '--json'], {}).ended)
        }
      }
    }
    return await verdict(kill, killed, runs, destination, here)
  } finally {
    await destination.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the guest saw, without how it came. */
function withoutMigration(stdout: string): string {
  const { migration: _, ...run } = JSON.parse(stdout) as { readonly migration: unknown }
  return JSON.stringify(run)
}

const tellsOfRun = (stdout: string): boolean => stdout.includes('"state_hash"')

function outcomeOf({ stdout }: Ended): 'moved' | 'kept' | 'doubt' | null {
  if (!stdout.startsWith('{')) return null
  return (JSON.parse(stdout) as { migration: { outcome: 'moved' | 'kept' | 'doubt' } }).migration.outcome
}

async function verdict(
  kill: Kill,
  sourceKilled: boolean,
  runs: readonly Ended[],
  destination: Destination,
  here: string,
): Promise<Trial> {
  const last = outcomeOf(runs.at(-1)!)
  const kept = runs.some((run) => outcomeOf(run) === 'kept')
  // A source that died before its journal began, or after it ended, has nothing to say; the guest is here again or there.
  const begun = existsSync(here) && runs.length > 0
  const silent = last === null
  const coming = last === 'moved' || (silent && begun && destination.guests.length > 0)
  if (coming) await destination.runOut()
  else await destination.stop()
  // Killed between showing what the guest saw and forgetting it, the next life shows the same again; by then the source
  // may have said that it knows.
  const ran = new Set(
    destination.ends
      .map(({ stdout }) => stdout)
      .filter(tellsOfRun)
      .map(withoutMigration),
  )
  const startedThere = destination.ends.some(({ stderr }) => stderr.includes(' runs on host '))
  const owners = [...(kept ? (['source'] as const) : []), ...(ran.size > 0 ? (['destination'] as const) : [])]
  const told = `${runs.map((run) => run.stderr + run.stdout).join('')}\n${destination.ends.map((end) => end.stderr).join('')}`
  const wrong = judge({ last, kept, ran: ran.size, startedThere, silent })
  return {
    kill,
    killed: { source: sourceKilled, destination: destination.killed },
    owners,
    wrong: wrong === null ? null : `${wrong}\n${told}`,
  }
}

function judge(seen: {
  readonly last: string | null
  readonly kept: boolean
  readonly ran: number
  readonly startedThere: boolean
  readonly silent: boolean
}): string | null {
  if (seen.kept && (seen.ran > 0 || seen.startedThere)) return 'the guest ran on both sides'
  if (seen.last === 'doubt') return 'the source was left in doubt although the destination was there'
  if (seen.last === 'moved' && seen.ran === 0) return 'the guest was moved and ran nowhere'
  // Killed before anything was written: the guest is still the scenario that it was. Or after all was over.
  if (seen.ran > 1) return 'the guest ran to its end in two ways'
  return null
}

/** How many steps each side has in a migration that nobody disturbs. */
export async function stepsOf(scenario = SCENARIO): Promise<Kill> {
  const folder = mkdtempSync(join(tmpdir(), 'chronovisor-kill-'))
  try {
    const files = { source: join(folder, 'source'), destination: join(folder, 'destination') }
    const undisturbed = await trial({ source: 0, destination: 0 }, scenario, files)
    if (undisturbed.wrong !== null) throw new Error(undisturbed.wrong)
    const count = (file: string) => Number(readFileSync(file, 'utf8'))
    return { source: count(files.source), destination: count(files.destination) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
