/** The recorder script, with stand-ins for what only a Xen host has: what it writes is a recording. */
import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { parseRecording, replay } from '../../src/replay/index.js'
import { filesFolder } from '../helpers/folder.js'

const script = fileURLToPath(new URL('../../scripts/recordings/record.sh', import.meta.url))
const { folder } = filesFolder()

function standIn(name: string, text: string): void {
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
}

// A clock that goes on by 1 ms at each look; dom0's wall clock and the guest's REALTIME are its epoch and more.
standIn(
  'python3',
  `n=$(($(cat ${folder}/n 2>/dev/null || echo 1000) + 1)); echo $n > ${folder}/n
case "$2" in
  *time_ns*) echo 1700000000000000000 ;;
  *CLOCK_REALTIME*) echo $((1700000000000000000 + n * 1000000)) ;;
  *) echo $((n * 1000000)) ;;
esac`,
)
standIn('ssh', `shift 2; sh -c "$*"`)
standIn(
  'xl',
  `case "$1" in
  info) echo 'cpu_mhz                : 2299.998' ;;
  domid) echo 7 ;;
  dmesg) echo '(XEN) dom7: mode=0,ofs=0x1f2e,khz=2299997,inc=1' ;;
esac`,
)

const record = (...args: string[]) =>
  execFileSync('sh', [script, ...args], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  })

it('writes the head, samples and an event, and the emulator agrees with a clock that is right', () => {
  const text =
    record('begin', 'u1', 'guest', 'pv') + record('event', 'guest', 'migrate') + record('sample', 'guest')
  const recording = parseRecording(text, 'guest.rec')
  expect(recording.guest).toMatchObject({ kind: 'pv', tscMode: 0, tscKhz: 2299997 })
  expect(recording.stays.map(({ items }) => items.length)).toEqual([4, 8])
  expect(recording.stays[0]!.host).toMatchObject({ tscKhz: 2299998, wallNs: 1700000000000000000n })
  const { verdict, stays } = replay(recording)
  expect(stays[1]!.checks.map(({ id }) => id)).toEqual(['realtime', 'monotonic', 'boottime', 'monotonic_raw'])
  expect(verdict).toBe('pass')
})
