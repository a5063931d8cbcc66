/** Saved guests of other hypervisors: what is read from them, and what that takes. */
import type { Section } from './claims.js'
import { demand, type Output, parse, tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'
const MIB = 1 << 20

interface StreamCost {
  readonly bytes: number
  readonly elapsed_ms: number
  readonly cpu_ms: number
  readonly grew_bytes: number
}

/** Of `xen-stream-cost.ts`. The processor's time is held against the limit: other programs are not in it. */
function streamCost(output: Output): string {
  const { bytes, elapsed_ms, cpu_ms, grew_bytes } = parse<StreamCost>(output)
  const grew = (grew_bytes / MIB).toFixed(1)
  const shown = `${(bytes / 1e6).toFixed(0)} MB in ${cpu_ms} ms of CPU (${elapsed_ms} ms elapsed), ${grew} MiB more memory`
  demand(bytes >= 100e6 && cpu_ms < 1000 && grew_bytes < 64 * MIB, shown)
  return shown
}

export const streams: readonly Section[] = [
  {
    title: 'Saved guests of Xen',
    claims: [
      {
        id: 'xen-recorded',
        text: 'Real `xl save` streams (PV with emulated and native TSC, PVH) decode to what was recorded with them, and are written again byte for byte',
        command: TESTS,
        show: tests(/test\/stream\/xen\/recorded\.test/),
      },
      {
        id: 'xen-refused',
        text: 'What the libxc stream does not allow, cut-off files and damaged ones are refused with record and byte',
        command: TESTS,
        show: tests(/test\/stream\/xen\/(read|damage)\.test/, /refuse|cut off|bytes changed/, 25),
      },
      {
        id: 'xen-resumed',
        text: 'A simulation that begins from a real stream reads the TSC that the real guest read after its restore on the same and on other hosts: PV to the tick, PVH within 3',
        command: TESTS,
        show: tests(/test\/world\/from\.test/, /reads the TSC/, 7),
      },
      {
        id: 'xen-set',
        text: 'A field set in a stream changes that field, what follows from it, and no other byte',
        command: TESTS,
        show: tests(/test\/inspect\/xen\.test/, /--set/, 10),
      },
      {
        id: 'xen-large',
        text: 'A stream of 100 MB is read, its live time page found, in less than 1 s and 64 MiB',
        command: 'npx tsx scripts/xen-stream-cost.ts --json',
        show: streamCost,
      },
    ],
  },
]
