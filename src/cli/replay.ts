import type { Command } from 'commander'
import { type Replayed, readRecording, replay } from '../replay/index.js'
import { jsonText } from '../report/json.js'
import { replayJson, replayText } from '../report/replay.js'
import { EXIT, note, print, styleOf } from './output.js'

export function addReplay(program: Command, end: (status: number) => void): void {
  program
    .command('replay')
    .summary('hold the emulator against what a real guest showed')
    .description(
      'Reads a recording of a real Xen guest (its hosts, time pages and clocks before and after a restore or migration), lets an emulated guest live through the same, and compares: time pages and an emulated TSC bit for bit, clocks within the recording’s sampling error. Ends with 1 if anything is not as predicted. docs/replay.md describes the file.',
    )
    .argument('<file>', 'a recording, as text or gzip of it')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ chronovisor replay guest.rec')
    .action((path: string, { json }: { json?: true }) => {
      const replayed = withStays(path)
      if (json) print(jsonText(replayJson(replayed)))
      else print(replayText(replayed, styleOf(process.stdout)))
      end(replayed.verdict === 'pass' ? EXIT.held : EXIT.failed)
    })
}

/** Replays, and says on a terminal how far it is. */
function withStays(path: string): Replayed {
  const recording = readRecording(path)
  if (!process.stderr.isTTY) return replay(recording)
  try {
    const onStay = (done: number) => note(`\r${path}: ${done} of ${recording.stays.length} stays\x1b[K`)
    return replay(recording, { onStay })
  } finally {
    note('\r\x1b[K')
  }
}
