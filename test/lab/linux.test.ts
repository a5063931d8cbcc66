/**
 * Debian's Linux on the machine's page in a real Chromium, beside the same in Node: `npm run linux:browser` has more
 * instants. Without the archive or a Chromium it is left out and says why.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bootMachine } from '../../src/power/index.js'
import { savedParts } from '../../src/power/saved.js'
import { fetched } from '../power/debian.js'
import { chromiumPath, complaintsOf, missing as noChromium, startLab } from './chromium.js'
import { bootKernel, consoleOf, openSaved, runTo } from './machine-page.js'

const linux = fetched('linux-6.1')
const missing = linux.missing || (chromiumPath === null ? ` (${noChromium})` : '')
if (missing) console.warn(`Linux in Chromium${missing}`)

const MIB = 2 ** 20
const MEMORY_MIB = 512
const APPEND = 'console=hvc0 panic=-1 every=5 count=3 sleepers=7 then=stay'
/** In the kernel; when its first process has begun. */
const EARLY = 500_000_000n
const LATE = 1_000_000_000n
const MINUTES = 60_000

describe.skipIf(missing !== '')(`Debian's Linux 6.1 in Chromium${missing}`, () => {
  it('prints and is what it is in Node, from its boot and from a machine that Node saved', {
    timeout: 5 * MINUTES,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'linux-page-'))
    const lab = await startLab()
    try {
      const machine = bootMachine(readFileSync(linux.path), 'vmlinux', {
        ramBytes: MEMORY_MIB * MIB,
        append: APPEND,
        initrd: {
          name: 'init.elf',
          bytes: readFileSync(new URL('../guests/linux/init.elf', import.meta.url)),
        },
      })
      const inNode = (until: bigint) => {
        machine.run(until)
        return { cycles: machine.cycles, hash: machine.hash }
      }
      const page = await lab.machine('b32-tick@1000')
      await bootKernel(page, { kernel: linux.path, append: APPEND, memoryMib: MEMORY_MIB })
      const early = inNode(EARLY)
      const before = machine.takeConsole()
      expect(await runTo(page, EARLY, 2 * MINUTES)).toEqual(early)
      const file = join(folder, 'node.chvp')
      writeFileSync(file, Buffer.concat(savedParts(machine)))
      const late = inNode(LATE)
      const after = machine.takeConsole()
      expect(after).toContain('@clocks 0 ')
      // From here on in the page, and from Node's file.
      expect(await runTo(page, LATE, 2 * MINUTES)).toEqual(late)
      expect((await consoleOf(page)).toString('latin1')).toBe(before + after)
      await openSaved(page, file, MINUTES)
      expect(await runTo(page, LATE, 2 * MINUTES)).toEqual(late)
      expect((await consoleOf(page)).toString('latin1')).toBe(after)
      expect(complaintsOf(page)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
      await lab.close()
    }
  })
})
