/** What the arithmetic and the ticks cost, beside C and BigInt in the same run. */
import type { Claim, Section } from './claims.js'
import { benchAtMost, benchFaster, rowRates } from './read.js'

const BENCH = 'npm run --silent bench -- --json'

const atMost = (id: string, what: string, most: number): Claim => ({
  id: `bench-${id}`,
  text: `${what}: at most ${most} × the time of C (gcc -O3 -march=native)`,
  command: BENCH,
  show: benchAtMost(id, 'C', most),
})

const faster = (id: string, what: string, times: number): Claim => ({
  id: `bench-${id}-bigint`,
  text: `${what}: at least ${times} × as fast as BigInt`,
  command: BENCH,
  show: benchFaster(id, 'BigInt', times),
})

const shown = (id: string, peer: string, text: string, title: string | null = null): Claim => ({
  id: `bench-${id}`,
  text,
  command: BENCH,
  show: benchAtMost(id, peer, Number.POSITIVE_INFINITY, title),
})

export const speed: readonly Section[] = [
  {
    title: 'Speed, beside C and BigInt in the same run',
    claims: [
      atMost('scale-each', 'Scalar scaling', 2),
      atMost('scale-chain', 'Scaling in a dependent chain', 1.2),
      atMost('scale-batch', 'Scaling in SIMD batches', 1.6),
      atMost('read-batch', 'Reading a page in SIMD batches', 1.6),
      atMost('read-pages', 'Pages read under the version protocol', 1.3),
      atMost('page-reads', 'One page read again and again under the version protocol', 1.3),
      faster('scale-each', 'Scalar scaling', 40),
      {
        ...faster('scale-chain', 'Scaling in a dependent chain', 40),
        because:
          'Add, shift, multiply, shift, add: 7 cycles from one result to the next, fewer than C takes, and nothing can be done ' +
          'beside them; 40 × needs 5 where BigInt has a good run, and is there where it collects garbage',
      },
      faster('scale-batch', 'Scaling in SIMD batches', 40),
      faster('read-batch', 'Reading a page in SIMD batches', 40),
      faster('read-pages', 'Pages read under the version protocol', 40),
      faster('page-reads', 'One page read again and again', 40),
      atMost('ticks', 'A tick: page read, sequence check, jiffies, page written each second', 1.25),
      {
        ...atMost('kernel-ticks', 'A tick of a whole linux-2.6.18-xen guest, beside that loop', 1.25),
        show: benchAtMost('kernel-ticks', 'C', 1.25, 'the least a tick can be'),
        because:
          'The loop in C adds a constant to the TSC; the guest goes through queue, hypervisor, page, interrupt and accounting, ' +
          'whose chain of dependent instructions alone takes 25 ns (docs/performance.md)',
      },
      faster('kernel-ticks', 'The same', 8),
      faster('timebase-reads', 'Reading the timebase', 10),
      faster('decs', 'The expiry of a decrementer', 5),
      faster('publishes', 'Publishing a time page', 10),
      faster('events', 'The event queue', 1.5),
      faster('idle', 'Simulated seconds of an idle guest', 3),
      shown(
        'call-number',
        'Node',
        'A call with a number, beside a method that JavaScript inlines',
        'a method',
      ),
      shown('call-bigint', 'Node', 'A call with a bigint, beside the same', 'a method'),
      shown(
        'snapshot-save',
        'Node',
        'Saving 16 MiB, a MiB: beside hash, write and flush',
        'hash, write, flush',
      ),
      shown('snapshot-load', 'Node', 'Loading 16 MiB, a MiB: beside read and hash', 'read, hash'),
      {
        id: 'math-verify-rate',
        text: 'Recorded rows of every function are verified at 1 M rows/s or more on one core',
        command: 'npx tsx scripts/verify-rate.ts --json',
        show: rowRates(1e6, /^(?!guest26)/),
      },
      {
        id: 'math-verify-guest-rate',
        text: 'Recorded rows of a whole guest are verified at 1 M rows/s or more on one core',
        command: 'npx tsx scripts/verify-rate.ts --json',
        show: rowRates(1e6, /^guest26/),
      },
    ],
  },
]
