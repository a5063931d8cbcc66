/**
 * `npm run linux -- [--kernel linux-6.1] [--rounds N] [--without-qemu] [--cpus N] [--append WORDS] [--json]`: boots Debian's kernel to
 * its first process here and, where Debian's qemu-system-ppc is installed, on QEMU, in turns; says how long each took,
 * whether every boot of ours ended in the same state, and what their logs say differently.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bootMachine, initramfsOf } from '../../src/power/index.js'
import { guestFile, IMAGE_NAMES, type ImageName } from './images.js'
import { compareLogs, kernelLines } from './kernel-log.js'

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: 'linux-6.1' },
    rounds: { type: 'string', default: '3' },
    cpus: { type: 'string', default: '1' },
    append: { type: 'string', default: '' },
    'without-qemu': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
if (!(IMAGE_NAMES as string[]).includes(values.kernel))
  throw new Error(`--kernel ${values.kernel}; expected ${IMAGE_NAMES.join(', ')}`)
if (!/^[1-4]$/.test(values.cpus)) throw new Error(`--cpus ${values.cpus}; expected 1 to 4`)
const cpus = Number(values.cpus)

const INIT = readFileSync(new URL('../../test/guests/linux/init.elf', import.meta.url))
const GIB = 1 << 30
const LIMIT = 20_000_000_000n
const SLICE = 5_000_000n
const append = `console=hvc0 panic=-1 ${values.append}`.trim()
const path = guestFile(values.kernel as ImageName)

interface Boot {
  /** Until the first process wrote its first line, as the wall clock and as the CPU's time. */
  readonly seconds: number
  readonly cpuSeconds: number
  readonly log: string
}

interface OurBoot extends Boot {
  readonly instructions: bigint
  readonly hash: string
}

function ours(): OurBoot {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const machine = bootMachine(readFileSync(path), path, {
    ramBytes: GIB,
    cpus,
    append: `${append} for=100`,
    initrd: { name: 'init.elf', bytes: INIT },
  })
  let log = ''
  while (!log.includes('@userspace')) {
    if (machine.run(machine.cycles + SLICE) !== 'time' || machine.cycles > LIMIT)
      throw new Error(`no first process:\n${log.slice(-500)}`)
    log += machine.takeConsole()
  }
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const { instructions } = machine
  machine.run(LIMIT)
  log += machine.takeConsole()
  return { seconds, cpuSeconds: (user + system) / 1e6, log, instructions, hash: machine.hash }
}

/** QEMU's small firmware enters the kernel; its warnings about speculation are turned off by saying what it lacks. */
const MACHINE = [
  '-M',
  'pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off',
  '-cpu',
  'power9',
]

function qemu(): Boot {
  const folder = mkdtempSync(join(tmpdir(), 'linux-'))
  try {
    const initrd = join(folder, 'initrd')
    writeFileSync(initrd, initramfsOf(INIT))
    // Its whole run: the first process ends at once.
    const started = performance.now()
    const { stdout, status, error } = spawnSync(
      '/usr/bin/time',
      [
        '-f',
        '@time %U %S',
        '-o',
        join(folder, 'time'),
        'qemu-system-ppc64',
        ...MACHINE,
        '-m',
        '1G',
        '-smp',
        `${cpus}`,
        '-nodefaults',
        '-nographic',
        '-serial',
        'stdio',
        '-monitor',
        'none',
        '-no-reboot',
        '-kernel',
        path,
        '-initrd',
        initrd,
        '-append',
        `${append} for=100`,
      ],
      { encoding: 'latin1', input: '', maxBuffer: 1 << 26 },
    )
    if (error || status !== 0) throw new Error(`qemu-system-ppc64: ${error?.message ?? status}`)
    const seconds = (performance.now() - started) / 1000
    const [, user, system] = readFileSync(join(folder, 'time'), 'utf8').trim().split(' ').map(Number)
    return { seconds, cpuSeconds: user! + system!, log: stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
const peer = !values['without-qemu'] && spawnSync('qemu-system-ppc64', ['--version']).status === 0
const boots: OurBoot[] = []
const theirs: Boot[] = []
for (let round = 0; round < Number(values.rounds); round++) {
  boots.push(ours())
  if (peer) theirs.push(qemu())
}
const [first] = boots
const figures = (some: readonly Boot[]) => ({
  seconds: median(some.map((one) => one.seconds)),
  cpu_seconds: median(some.map((one) => one.cpuSeconds)),
})
const result = {
  kernel: path,
  load: loadavg()[0],
  ours: {
    ...figures(boots),
    instructions: `${first!.instructions}`,
    hashes: [...new Set(boots.map((one) => one.hash))],
  },
  qemu: theirs.length > 0 ? figures(theirs) : null,
  log: theirs.length > 0 ? compareLogs(kernelLines(first!.log), kernelLines(theirs[0]!.log)) : null,
}
if (values.json) console.log(JSON.stringify(result))
else {
  console.log(
    `${values.kernel}: ${first!.instructions} instructions to the first process, ${cpus} vCPU, ${boots.length} boots, load ${result.load}`,
  )
  console.log(
    `  here  ${result.ours.seconds.toFixed(2)} s (${result.ours.cpu_seconds.toFixed(2)} s of CPU), ${result.ours.hashes.length} end state`,
  )
  if (result.qemu)
    console.log(
      `  QEMU  ${result.qemu.seconds.toFixed(2)} s (${result.qemu.cpu_seconds.toFixed(2)} s of CPU)`,
    )
  for (const line of result.log?.ours ?? []) console.log(`  + ${line}`)
  for (const line of result.log?.theirs ?? []) console.log(`  - ${line}`)
}
