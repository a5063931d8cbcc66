/** What goes wrong between the two sides: the guest stays, or is there, and somebody is told why. */

import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Address,
  type Migrated,
  migrate,
  originOfScenario,
  type Received,
  receive,
  recoverMigration,
} from '../../src/migration/index.js'
import { builtInPolicy } from '../../src/policy/index.js'
import { parseScenario } from '../../src/scenario/index.js'
import { runScenario } from '../../src/world/index.js'
import { temporaryFolder } from '../helpers/folder.js'
import { librarySource } from '../helpers/library.js'
import { busy, hostIn, LOOPBACK, migrateHere } from './fixture.js'

const folder = temporaryFolder()
const SECOND = 1_000_000_000n
const atNs = 5n * SECOND
const host = hostIn(busy, 'b')

/** The guest of `busy` as if nobody had wanted to move it. */
const untouched = () => runScenario(parseScenario(busy.text, busy.fileName)).guests[0]!

/** Between the two sides: passes bytes on until `cut` says so, of the bytes to the destination and back. */
async function proxy(
  to: Address,
  cut: (toDestination: number, toSource: number) => boolean,
  how: 'close' | 'silence' = 'close',
): Promise<{ readonly address: Address; readonly server: Server; cuts: number }> {
  const state = { cuts: 0 }
  const server = createServer((source) => {
    const destination = connect(to.port, to.host)
    let [there, back] = [0, 0]
    const pass = (from: Socket, into: Socket, count: (length: number) => void) => {
      from.on('error', () => {})
      from.on('close', () => into.destroy())
      from.on('data', (bytes: Buffer) => {
        count(bytes.length)
        if (state.cuts === 0 && cut(there, back)) {
          state.cuts++
          if (how === 'close') {
            source.destroy()
            destination.destroy()
          } else {
            source.pause()
            destination.pause()
          }
          return
        }
        into.write(bytes)
      })
    }
    pass(source, destination, (length) => {
      there += length
    })
    pass(destination, source, (length) => {
      back += length
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return Object.assign(state, { address: { host: '127.0.0.1', port }, server })
}

interface Cut {
  readonly migrated: Migrated
  readonly received: Received | null
  readonly told: readonly string[]
}

let journals = 0
async function throughProxy(
  cut: (toDestination: number, toSource: number) => boolean,
  how?: 'close' | 'silence',
): Promise<Cut> {
  const journal = join(folder, `faults-${journals++}`)
  const told: string[] = []
  const receiver = await receive({
    at: LOOPBACK,
    journal,
    host,
    timeoutMs: 1500,
    onEvent: (text) => told.push(text),
  })
  const between = await proxy(receiver.address, cut, how)
  try {
    const migrated = await migrate(originOfScenario(busy, { atNs }), {
      to: between.address,
      journal,
      timeoutMs: 1500,
    })
    const received = migrated.outcome === 'moved' ? await receiver.received : null
    expect(between.cuts).toBe(1)
    if (migrated.outcome !== 'doubt')
      expect(readdirSync(journal).filter((name) => name.startsWith('out-'))).toEqual([])
    return { migrated, received, told }
  } finally {
    between.server.close()
    await receiver.close()
  }
}

describe('a connection that breaks', () => {
  it.each([
    ['in the first record', (there: number) => there > 0],
    ['in memory', (there: number) => there > 1_000_000],
  ] as const)('%s: the guest goes on here as if nothing had been', async (_, cut) => {
    const { migrated, received } = await throughProxy(cut)
    expect(migrated.outcome).toBe('kept')
    expect(migrated.reason).toMatch(/record \d+.*(connection|ECONNRESET|EPIPE|closed|ended)/)
    expect(received).toBeNull()
    expect(migrated.run!.guests[0]!.stateHash).toBe(untouched().stateHash)
  })

  it('goes silent: it is timed out', async () => {
    const { migrated, told } = await throughProxy((there) => there > 1_000_000, 'silence')
    expect(migrated.outcome).toBe('kept')
    // Whoever is the first to lose patience.
    expect([migrated.reason, ...told].join()).toMatch(/within 1\.5 s/)
  })

  it('at the last word: the source asks, and the guest is there', async () => {
    // The destination's bytes: HELLO, READY, a ROUND_DONE each round, SYNCED, PREPARED, OWNED.
    const whole = await measured()
    const { migrated, received } = await throughProxy((_, back) => back >= whole)
    expect(migrated.outcome).toBe('moved')
    expect(received!.run.guests[0]!.stops).toHaveLength(1)
  })

  it('after the stop: the guest goes on here, as after a pause', async () => {
    const whole = await measured()
    const { migrated } = await throughProxy((_, back) => back >= whole - 36)
    expect(migrated.outcome).toBe('kept')
    const [stop] = migrated.run!.guests[0]!.stops
    expect(stop).toMatchObject({
      fromNs: migrated.stopNs,
      untilNs: migrated.landNs,
      resumed: true,
      toHost: 'a',
    })
    // The same as a pause of that length.
    const scenario = parseScenario(busy.text, busy.fileName)
    const { position } = scenario.guests[0]!
    const events = [
      ...scenario.events,
      { kind: 'pause', guest: 'g', atNs: migrated.stopNs!, position } as const,
      { kind: 'resume', guest: 'g', atNs: migrated.landNs!, position } as const,
    ].sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0))
    const paused = runScenario({ ...scenario, events }).guests[0]!
    expect(migrated.run!.guests[0]!.stateHash).toBe(paused.stateHash)
  })
})

/** Bytes that the destination sends in a migration of `busy` that goes well, but for the answer to DONE. */
async function measured(): Promise<number> {
  const journal = join(folder, `faults-${journals++}`)
  const receiver = await receive({ at: LOOPBACK, journal, host })
  let bytes = 0
  const between = await proxy(receiver.address, (_, back) => {
    bytes = back
    return false
  })
  try {
    await migrate(originOfScenario(busy, { atNs }), { to: between.address, journal })
    await receiver.received
    return bytes
  } finally {
    between.server.close()
    await receiver.close()
  }
}

describe('a destination that refuses', () => {
  it.each([
    [
      'another hypervisor',
      hostIn(librarySource('xen-good-lower'), 'b'),
      {},
      /comes from kvm, and this host is xen/,
    ],
    [
      'a policy of another system',
      host,
      { policy: builtInPolicy('power-tcg') },
      /the policy power-tcg is for power; expected one for kvm/,
    ],
    [
      'a policy that finds nothing of what it needs',
      host,
      { policy: builtInPolicy('kvm-tsc-offset') },
      /the policy kvm-tsc-offset cannot restore what kvm-realtime saved/,
    ],
    ['a timebase of a PC', { ...host, timebaseHz: '512000000' }, {}, /it is kvm and has no timebase/],
  ])('%s: the guest stays', async (_, choice, options, why) => {
    const { source } = await migrateHere(folder, busy, { atNs }, { host: choice, ...options })
    expect(source.outcome).toBe('kept')
    expect(source.reason).toMatch(why)
    expect(source.run!.guests[0]!.fault).toBeNull()
  })

  it('has a guest already: a second one stays where it is', async () => {
    const journal = join(folder, `faults-${journals++}`)
    const receiver = await receive({ at: LOOPBACK, journal, host })
    const slow = connect(receiver.address.port, '127.0.0.1')
    try {
      const first = migrate(originOfScenario(busy, { atNs }), {
        to: receiver.address,
        journal,
        onRound: () => {
          second ??= migrate(originOfScenario(busy, { atNs }), { to: receiver.address, journal })
        },
      })
      let second: Promise<Migrated> | undefined
      expect((await first).outcome).toBe('moved')
      const other = await second!
      expect(other.outcome).toBe('kept')
      expect(other.reason).toMatch(/this receiver has guest g already; expected one at a time/)
      await receiver.received
    } finally {
      slow.destroy()
      await receiver.close()
    }
  })

  it('a scenario whose policy is a file is not read from there', async () => {
    const own = { ...builtInPolicy('kvm-qemu'), name: './evil.ts' }
    const { source } = await migrateHere(folder, busy, { atNs, policy: own }, { host })
    expect(source).toMatchObject({ outcome: 'kept' })
    expect(source.reason).toMatch(/the policy ".\/evil.ts" is not built in; expected --policy here/)
  })
})

describe('a journal', () => {
  it('belongs to one receiver at a time, and to the next when that is gone', async () => {
    const journal = join(folder, `faults-${journals++}`)
    const first = await receive({ at: LOOPBACK, journal, host })
    await first.close()
    writeFileSync(join(journal, 'lock'), '1\n')
    await expect(receive({ at: LOOPBACK, journal, host })).rejects.toThrow(/process 1 uses this journal/)
    writeFileSync(join(journal, 'lock'), '999999999\n')
    await (await receive({ at: LOOPBACK, journal, host })).close()
    expect(existsSync(join(journal, 'lock'))).toBe(false)
  })

  it('that cannot be made is told before anything is sent', async () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    await expect(receive({ at: LOOPBACK, journal: file, host })).rejects.toThrow(
      /expected a folder for the journal/,
    )
  })

  it('of a source in doubt: another receiver is not believed, an operator is', async () => {
    const [journal, other] = [join(folder, `faults-${journals++}`), join(folder, `faults-${journals++}`)]
    const receiver = await receive({ at: LOOPBACK, journal, host, timeoutMs: 1000 })
    const migrated = await migrate(originOfScenario(busy, { atNs }), {
      to: receiver.address,
      journal,
      timeoutMs: 1000,
      questions: 0,
      // The line is gone as soon as COMMIT is.
      trace: (step) => {
        if (step === 'after COMMIT is sent') void receiver.close()
      },
    })
    expect(migrated.outcome).toBe('doubt')
    expect(migrated.run).toBeNull()
    rmSync(join(journal, 'lock'), { force: true })
    const stranger = await receive({ at: LOOPBACK, journal: other, host })
    const open = () => originOfScenario(busy, { atNs })
    const to = `127.0.0.1:${stranger.address.port}`
    try {
      const asked = await recoverMigration(migrated.journal, { open, to, questions: 1 })
      expect(asked).toMatchObject({ outcome: 'doubt', run: null })
      expect(asked.reason).toMatch(/this is another receiver/)
    } finally {
      await stranger.close()
    }
    const decided = await recoverMigration(migrated.journal, { open, decide: 'here' })
    expect(decided.outcome).toBe('kept')
    expect(decided.run!.guests[0]!.stops[0]).toMatchObject({
      fromNs: migrated.stopNs,
      untilNs: migrated.landNs,
    })
    expect(existsSync(migrated.journal)).toBe(false)
  })
})
