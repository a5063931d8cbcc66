import type { Command } from 'commander'
import { type Mismatch, recordingKinds, type VerifyResult, verifyFile } from '../../math/index.js'
import { type Json, jsonText } from '../../report/json.js'
import { type Style, WIDTH, wrap } from '../../report/style.js'
import { EXIT, print, styleOf } from '../output.js'

export function addVerify(math: Command, end: (status: number) => void): void {
  const names = recordingKinds.map(({ name }) => name).join(', ')
  math
    .command('verify')
    .summary('hold recorded rows against the core')
    .description(
      'Holds rows that someone recorded from real functions against the core. What a file holds shows in its header; columns may come in any order, and unknown ones are ignored. Ends with 1 if a row differs, with 2 if a file cannot be read.',
    )
    .argument('<file...>', 'CSV, plain or gzip')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `\nKnown are the columns of\n${wrap(`  ${names}`, 2).join('\n')}\n\nExample:\n  $ chronovisor math verify scale_delta.csv guest26_hz100.csv.gz`,
    )
    .action(async (files: string[], { json }: { json?: true }) => {
      const results: VerifyResult[] = []
      for (const file of files) results.push(await verifyFile(file))
      if (json) print(jsonText(verifyJson(results)))
      else print(`${verifyLines(results, styleOf(process.stdout)).join('\n')}\n`)
      end(total(results, 'mismatches') === 0 ? EXIT.held : EXIT.failed)
    })
}

function total(results: readonly VerifyResult[], what: 'rows' | 'mismatches'): number {
  return results.reduce((sum, result) => sum + result[what], 0)
}

function verifyLines(results: readonly VerifyResult[], style: Style): string[] {
  const sums = ['rows', 'mismatches'] as const
  const sum = sums.map((what) => counted(total(results, what), what)).join(', ')
  return [
    ...results.flatMap((result) => {
      const { file, kind, rows, mismatches, first } = result
      const mark = mismatches === 0 ? style.good('✓') : style.bad('✗')
      return [
        ...wrap(`${mark} ${file}`, 2),
        `  ${kind}: ${counted(rows, 'rows')}, ${counted(mismatches, 'mismatches')}`,
        ...mismatchLines(first, style),
      ]
    }),
    ...(results.length > 1 ? ['', `${results.length} files: ${sum}`] : []),
  ]
}

function counted(count: number, what: 'rows' | 'mismatches'): string {
  return `${count} ${count === 1 ? what.replace(/e?s$/, '') : what}`
}

/** Each row with all of its columns that differ, and then the whole line. */
function mismatchLines(first: readonly Mismatch[], style: Style): string[] {
  return first.flatMap(({ row, line, column, expected, got, text }, i) => {
    const begins = first[i - 1]?.row !== row
    const last = first[i + 1]?.row !== row
    return [
      ...(begins ? [`  row ${row}, line ${line}`] : []),
      ...wrap(`${column}: expected ${expected}, got ${style.bad(got)}`, 2, WIDTH - 4).map(
        (part) => `    ${part}`,
      ),
      ...(last ? folded(text).map((part) => style.dim(`      ${part}`)) : []),
    ]
  })
}

/** A line of CSV has no spaces to break it at. */
function folded(text: string): string[] {
  const width = WIDTH - 6
  return Array.from({ length: Math.ceil(text.length / width) }, (_, i) =>
    text.slice(i * width, (i + 1) * width),
  )
}

function verifyJson(results: readonly VerifyResult[]): Json {
  return {
    rows: total(results, 'rows'),
    mismatches: total(results, 'mismatches'),
    first_mismatches: results.flatMap(({ file, first }) => first.map((one) => ({ file, ...one }))),
    files: results.map(({ file, kind, rows, mismatches }) => ({ file, kind, rows, mismatches })),
  }
}
