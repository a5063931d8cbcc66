/**
 * Files out of Debian's packages, without installing anything: an apt root of its own in a folder of its own, the
 * signatures checked with Debian's keyring, the package unpacked with dpkg-deb.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alone } from './alone.js'

/** DEBIAN_MIRROR names another one. */
const MIRROR = process.env.DEBIAN_MIRROR ?? 'http://deb.debian.org/debian'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The archive did not answer, or has no such package: what the tool said. */
export class FetchError extends Error {
  override readonly name = 'FetchError'
}

function tool(program: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (done.error) throw new FetchError(`${program}: ${done.error.message}`)
  if (done.status !== 0)
    throw new FetchError(`${program} ${args.at(-1)}: ${reason(done.stderr || done.stdout)}`)
  return done.stdout
}

/** The first complaint of apt, or whatever came last. */
function reason(text: string): string {
  const lines = text.trim().split('\n')
  return lines.find((line) => /^[EW]: /.test(line))?.slice(3) ?? lines.at(-1) ?? ''
}

/** An apt root below `folder` for one suite and architecture; answers the options that make apt use it. */
function aptRoot(folder: string, suite: string, architecture: string): readonly string[] {
  const root = join(folder, `apt-${suite}-${architecture}`)
  for (const part of [
    'state/lists/partial',
    'cache/archives/partial',
    'etc/preferences.d',
    'etc/trusted.gpg.d',
  ])
    mkdirSync(join(root, part), { recursive: true })
  writeFileSync(join(root, 'status'), '')
  writeFileSync(join(root, 'etc/apt.conf'), '')
  writeFileSync(
    join(root, 'etc/sources.list'),
    `deb [arch=${architecture} signed-by=${KEYRING}] ${MIRROR} ${suite} main\n`,
  )
  const settings = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '20',
    // Else an archive that is not there is a warning, and a suite without packages.
    'APT::Update::Error-Mode': 'any',
    'Dir::State': join(root, 'state'),
    'Dir::State::status': join(root, 'status'),
    'Dir::Cache': join(root, 'cache'),
    'Dir::Etc': join(root, 'etc'),
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

/** A package that was unpacked before, so that nobody is asked twice. */
function unpackedBefore(folder: string, pattern: RegExp): string | undefined {
  const name = newest(readdirSync(folder).filter((one) => pattern.test(one)))
  return name && join(folder, name)
}

/** The newest of the packages whose name fits. */
function newest(names: readonly string[]): string | undefined {
  return [...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
}

/** An archive that has just not answered is not asked again: each test of a guest would wait for it. */
const PATIENCE_MS = 120_000

/** Does `ask`, unless it failed a moment ago; a failure is kept in `folder`. Throws FetchError. */
function asked<T>(folder: string, ask: () => T): T {
  const kept = join(folder, 'no-answer')
  const since = statSync(kept, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (Date.now() - since < PATIENCE_MS) throw new FetchError(readFileSync(kept, 'utf8'))
  try {
    const answer = ask()
    rmSync(kept, { force: true })
    return answer
  } catch (error) {
    if (error instanceof FetchError) writeFileSync(kept, error.message)
    throw error
  }
}

/**
 * Unpacks the newest package of `suite` whose name fits `pattern` into a folder below `folder`, unless it is there.
 * Answers that folder. Throws FetchError.
 */
export function unpackDebian(folder: string, suite: string, architecture: string, pattern: RegExp): string {
  mkdirSync(folder, { recursive: true })
  return (
    unpackedBefore(folder, pattern) ??
    alone(
      join(folder, 'lock'),
      () => unpackedBefore(folder, pattern) ?? unpack(folder, suite, architecture, pattern),
    )
  )
}

function unpack(folder: string, suite: string, architecture: string, pattern: RegExp): string {
  const options = aptRoot(folder, suite, architecture)
  asked(folder, () => tool('apt-get', [...options, '-q', 'update'], folder))
  const names = tool('apt-cache', [...options, 'pkgnames'], folder).split('\n')
  const name = newest(names.filter((one) => pattern.test(one)))
  if (!name) throw new FetchError(`${suite} has no package that fits ${pattern}`)
  tool('apt-get', [...options, '-q', 'download', name], folder)
  const file = readdirSync(folder).find((one) => one.startsWith(`${name}_`) && one.endsWith('.deb'))
  if (!file) throw new FetchError(`${name}: apt-get download left no file`)
  // Under another name until it is whole.
  const target = join(folder, name)
  rmSync(`${target}.part`, { recursive: true, force: true })
  tool('dpkg-deb', ['-x', file, `${target}.part`], folder)
  rmSync(join(folder, file))
  renameSync(`${target}.part`, target)
  return target
}
