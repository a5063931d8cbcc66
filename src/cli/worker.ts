import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { loadQueue, parseCount } from './count.js'
import { note } from './output.js'

interface Options {
  queue: string
  workers: number
  modules?: true
}

export function addWorker(program: Command): void {
  program
    .command('worker')
    .summary('work on searches of other machines')
    .description(
      'Takes pieces of searches from a queue on Redis or Valkey and lives through them, until it is interrupted: then it ends what it is at. It may be killed at any time: what it was at goes to another.',
    )
    .requiredOption('--queue <redis://…>', 'the server')
    .option('--workers <n>', 'threads', parseCount, availableParallelism())
    .option('--modules', 'also policies that are modules, by their paths on this machine')
    .addHelpText(
      'after',
      '\nExample:\n  $ chronovisor worker --queue redis://10.0.0.7:6379\n  $ chronovisor check --policy xen-today --runs 1000000 --queue redis://10.0.0.7:6379',
    )
    .action(async ({ queue, workers, modules }: Options) => {
      const { startWorker } = await loadQueue(() => import('../queue/worker.js'))
      let histories = 0
      const onPiece = (count: number) => {
        histories += count
        if (process.stderr.isTTY) note(`\r${histories.toLocaleString('en-US')} histories\x1b[K`)
      }
      const worker = await startWorker({ url: queue, threads: workers, modules: modules === true, onPiece })
      note(`worker: ${queue}, ${workers} ${workers === 1 ? 'thread' : 'threads'}\n`)
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
      })
      await worker.close()
      note(
        `${process.stderr.isTTY ? '\r' : ''}worker: ended after ${histories.toLocaleString('en-US')} histories\n`,
      )
    })
}
