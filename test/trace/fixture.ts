/** A short run with a bit of everything: BUG 1282, its clocks read ten times a second. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { parseScenario } from '../../src/scenario/index.js'
import { runSampled, type Sampled } from '../../src/trace/index.js'
import { temporaryFolder } from '../helpers/folder.js'

export const SCENARIO = `
name: traced
title: "a move, to be traced: \\"quoted\\", with commas"
system: xen
duration: 20 s
hosts:
  a: { hypervisor: xen, uptime: 5000 s, tsc: { frequency: 2.4 GHz } }
  b: { hypervisor: xen, uptime: 4995 s, tsc: { frequency: 2.4 GHz } }
guests:
  g:
    on: a
    kernel: linux-2.6.18-xen
    hz: 100
    policy: xen-2008
    read:
      - { clock: gettimeofday, every: 100 ms }
      - { clock: monotonic, every: 100 ms }
      - { name: tsc, clock: counter, every: 1 s }
    sleep:
      - { name: before, for: 2 s, at: 4 s }
      - { name: after, for: 2 s, at: 10200 ms }
      - { name: lost, for: 2 s, at: 19 s }
events:
  - { at: 10 s, migrate: g, to: b, downtime: 100 ms }
`

export const traced = (text = SCENARIO): Sampled => runSampled(parseScenario(text, 'traced.yaml'))

const folder = temporaryFolder()

/** A file in a folder of its own. */
export const fileIn = (name: string): string => join(mkdtempSync(join(folder, 'trace-')), name)
