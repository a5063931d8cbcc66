/** Traces, pictures, reports and what CI servers read: each opened by a program that others wrote. */
import type { Claim, Section } from './claims.js'
import { prints, succeedsWithin, tests } from './read.js'

const TESTS = 'npx vitest run --reporter=json'
const LIBRARY =
  'dir=$(mktemp -d) && trap \'rm -rf "$dir"\' EXIT && node dist/cli/main.js run --all --expected --junit "$dir/all.xml" && echo "$(grep -c "<testsuite " "$dir/all.xml") suites"'
const REPORT =
  'dir=$(mktemp -d) && trap \'rm -rf "$dir"\' EXIT && node dist/cli/main.js report xen-1282-stale-lower -o "$dir/bug.html" && grep -c "<svg" "$dir/bug.html"'

const claim = (id: string, text: string, file: RegExp, name?: RegExp): Claim => ({
  id,
  text,
  command: TESTS,
  show: tests(file, name),
})

export const exports: readonly Section[] = [
  {
    title: 'Traces, pictures, reports',
    claims: [
      claim(
        'trace-sampling',
        'A run that is sampled for a trace ends in the same state',
        /test\/trace\/formats/,
        /runSampled/,
      ),
      claim(
        'trace-perfetto',
        'A Perfetto trace is read by protobufjs: tracks, slices, clock domains',
        /test\/trace\/perfetto/,
      ),
      claim('trace-vcd', 'A VCD is read by vcd-parser', /test\/trace\/formats/, /VCD/),
      claim('trace-csv', 'A CSV is read by csv-parse', /test\/trace\/formats/, /CSV/),
      claim(
        'trace-parquet',
        'A Parquet file is read by hyparquet, with the rows of the CSV',
        /test\/trace\/formats/,
        /Parquet/,
      ),
      claim(
        'trace-whole',
        'A trace is written whole or not at all',
        /test\/trace\/formats/,
        /all or nothing/,
      ),
      claim('draw-page', 'What draws needs nothing of Node', /test\/draw\/page/),
      claim(
        'draw-contrast',
        'The picture has the contrast of WCAG 2 AA, light and dark',
        /test\/draw\/svg/,
        /WCAG/,
      ),
      claim('junit-tap', 'JUnit and TAP are read by saxes and tap-parser', /test\/report\/suite/),
      {
        id: 'library-ci',
        text: 'The whole library in one command, as a CI runs it: every scenario ends as it says',
        command: LIBRARY,
        show: prints(/PASS: \d+ of \d+ scenarios hold[^\n]*/),
      },
      {
        id: 'library-ci-time',
        text: 'and that in less than 2 minutes',
        command: LIBRARY,
        show: succeedsWithin(120),
      },
      {
        id: 'report',
        text: 'A report with the pictures of the run and of each policy, in one HTML file, in less than 10 s',
        command: REPORT,
        show: succeedsWithin(10),
      },
    ],
  },
]
