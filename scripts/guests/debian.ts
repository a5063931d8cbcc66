/**
 * Files out of Debian's packages, without installing anything: an apt root of its own in a folder of its own, the
 * signatures checked with Debian's keyring, the package unpacked with dpkg-deb.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MIRROR = 'http://deb.debian.org/debian'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The archive did not answer, or has no such package: what the tool said. */
export class FetchError extends Error {
  override readonly name = 'FetchError'
}

function tool(program: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (done.error) throw new FetchError(`${program}: ${done.error.message}`)
  if (done.status !== 0)
    throw new FetchError(`${program} ${args.at(-1)}: ${lastLine(done.stderr || done.stdout)}`)
  return done.stdout
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? ''

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

/**
 * Unpacks the newest package of `suite` whose name fits `pattern` into a folder below `folder`, unless it is there.
 * Answers that folder. Throws FetchError.
 */
export function unpackDebian(folder: string, suite: string, architecture: string, pattern: RegExp): string {
  mkdirSync(folder, { recursive: true })
  const before = unpackedBefore(folder, pattern)
  if (before) return before
  const options = aptRoot(folder, suite, architecture)
  tool('apt-get', [...options, '-q', 'update'], folder)
  const names = tool('apt-cache', [...options, 'pkgnames'], folder).split('\n')
  const name = newest(names.filter((one) => pattern.test(one)))
  if (!name) throw new FetchError(`${suite} has no package that fits ${pattern}`)
  tool('apt-get', [...options, '-q', 'download', name], folder)
  const file = readdirSync(folder).find((one) => one.startsWith(`${name}_`) && one.endsWith('.deb'))
  if (!file) throw new FetchError(`${name}: apt-get download left no file`)
  // Under another name until it is whole.
  const target = join(folder, name)
  tool('dpkg-deb', ['-x', file, `${target}.part`], folder)
  rmSync(join(folder, file))
  renameSync(`${target}.part`, target)
  return target
}
