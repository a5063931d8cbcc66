/** What a first visit is told: BUG 1282 in six steps, each with the instant and the stretch that it is about. */
import type { Window } from './protocol.js'

export interface StoryStep {
  readonly title: string
  readonly text: string
  readonly atNs: bigint
  /** null: all of it. */
  readonly window: Window | null
  /** A policy to put beside. */
  readonly beside?: string
}

const s = (seconds: number): bigint => BigInt(Math.round(seconds * 1000)) * 1_000_000n
const from = (first: number, last: number): Window => ({ fromNs: s(first), untilNs: s(last) })

export const STORY: readonly StoryStep[] = [
  {
    title: 'A guest’s clock should follow true time',
    text: 'The picture shows a guest’s clocks minus true time. On 0 a clock is right. Until 60 s this guest runs on host a, and both of its clocks are right.',
    atNs: s(30),
    window: null,
  },
  {
    title: 'At 60 s it moves to a host that booted 20 s later',
    text: 'M marks the live migration. Xen tells a guest two numbers: when its host booted (wc_sec), and how long ago that was (system_time). Their sum is the time of day. Host b booted 20 s after host a, so both numbers change.',
    atNs: s(60.2),
    window: from(55, 85),
  },
  {
    title: 'The restore copies one page too much',
    text: 'Host b has just written its own boot time into the guest’s page. Then the toolstack puts back the page saved on a. Now a’s boot time is added to b’s uptime: the sum is 20 s short. The bytes are further down, each field explained.',
    atNs: s(60.3),
    window: from(59, 64),
  },
  {
    title: 'The clock stands still, and sleepers oversleep',
    text: 'gettimeofday must not go back, so it repeats one value until the sum has caught up: the shaded 20 s. Timers believe the sum at once. A sleep of 2 s ends after 20.8 s: the red bar.',
    atNs: s(70),
    window: from(55, 90),
  },
  {
    title: 'Which fix cures it?',
    text: 'Beside it the same run with the second of the three proposed fixes. Nothing in the simulation knows the bug: it follows from the kernel’s arithmetic, one page too much and two uptimes. The table below shows every fix.',
    atNs: s(70),
    window: null,
    beside: 'xen-fix-2',
  },
  {
    title: 'Now turn something',
    text: 'Give host b an uptime of 5020 s: the clock jumps ahead instead. Step from event to event, forwards and backwards. Pick one of the other scenarios. The address of this page always holds the whole case: paste it into a bug report.',
    atNs: s(61),
    window: null,
  },
]
