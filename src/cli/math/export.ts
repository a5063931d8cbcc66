import type { Command } from 'commander'
import {
  type ExportKind,
  type ExportLanguage,
  exportKinds,
  exportLanguages,
  exportVectors,
} from '../../math/index.js'
import { InputError, print } from '../output.js'
import { parseSeed } from '../simulate.js'
import { count } from './arguments.js'

interface Options {
  lang?: ExportLanguage
  kind?: ExportKind
  count?: number
  seed?: number
  json?: true
}

export function addExport(math: Command): void {
  math
    .command('export')
    .summary('test vectors with expected values for other test suites')
    .description(
      'Writes test vectors with the core’s answers: one C or Rust file with tables, a check for each function and a main, or JSON. The same seed gives the same vectors.',
    )
    .option('--lang <language>', 'c, rust or json', oneOf<ExportLanguage>('language', exportLanguages))
    .option('--kind <kind>', `${exportKinds.join(', ')}; default all`, oneOf<ExportKind>('kind', exportKinds))
    .option('--count <n>', 'rows of each kind; default 100', count)
    .option('--seed <n>', 'default 1', parseSeed)
    .option('--json', 'the same as --lang json')
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor math export --lang c --kind scale > vectors.h\n  $ cc -x c -DCHRONOVISOR_MAIN vectors.h mine.c && ./a.out',
    )
    .action(({ lang, json, kind, count: rows, seed }: Options) => {
      if (json && lang !== undefined && lang !== 'json')
        throw new InputError(`--json and --lang ${lang} at once`)
      const language = json ? 'json' : lang
      if (language === undefined) throw new InputError('no language; expected --lang c, rust or json')
      print(
        exportVectors({
          language,
          ...(kind && { kinds: [kind] }),
          ...(rows !== undefined && { count: rows }),
          ...(seed !== undefined && { seed }),
        }),
      )
    })
}

/** A commander argument: one of a few words. */
function oneOf<Word extends string>(what: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((one) => one === text)
    if (word !== undefined) return word
    throw new InputError(`the ${what} ${JSON.stringify(text)}; expected ${words.join(', ')}`)
  }
}
