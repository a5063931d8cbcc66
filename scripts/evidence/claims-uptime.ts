/** The moments at which clocks run out: each is computed from width and rate, and found in what the guest read. */
import type { Claim, Section } from './claims.js'
import { tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'

const moment = (id: string, text: string, name: RegExp): Claim => ({
  id: `uptime-${id}`,
  text,
  command: TESTS,
  show: tests(/test\/world\/uptime\.test/, name),
})

export const uptime: Section = {
  title: 'Long uptimes: moments, to the tick',
  claims: [
    moment('208d', '208.5 days: 2^54 ns of sched_clock, Linux before 4cecf6d401a0', /208\.5 days/),
    moment(
      '73min',
      '73.3 minutes: 2^42 ns without an update of a Xen clocksource of shift 22',
      /73\.3 minutes/,
    ),
    moment('jiffies', '49.7 and 497 days: 32 bits of jiffies at 1000 and 100 Hz', /jiffies-(50|497)d/),
    moment('2038', '2038: 31 bits of seconds in a 32-bit guest, and none in a 64-bit one', /^2038/),
    moment('2106', '2106: wc_sec with and without wc_sec_hi', /^2106/),
    moment('292y', '292 years: signed ns since 1970', /^292 years/),
    moment('tsc', '194.8 and 97.4 years: the TSC wraps at 3 and 6 GHz', /^the TSC/),
    moment('tb', '8.39 s and 1,141.7 years: TBL and TB at 512 MHz', /^the timebase/),
    moment('dec', '2.23 years: a 56-bit DEC lost in a migration', /uptime-dec-56/),
    moment('figures', 'Each of these figures follows from width and rate', /^the figures/),
  ],
}
