/** A batch of cases on QEMU from Debian (package qemu-system-ppc): the same program, the same bytes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readElf } from '../../src/power/elf.js'
import { type Bits, harness } from './ours.js'
import { type Batch, CODE, HEADER, RECORDS } from './records.js'

/** Program and machine; the machines of test/guests/power. */
export const MACHINE: Readonly<Record<Bits, readonly string[]>> = {
  64: [
    'qemu-system-ppc64',
    ...[
      '-M',
      'pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off',
      '-cpu',
      'power9',
      '-m',
      '256',
    ],
  ],
  32: ['qemu-system-ppc', '-M', '40p', '-audiodev', 'none,id=a', '-m', '128'],
}

/** QMP over a socket: one command at a time. */
async function qmp(socket: Socket, execute: string, args: object = {}): Promise<void> {
  const answer = new Promise<void>((resolve, reject) => {
    let text = ''
    const onData = (data: Buffer) => {
      text += data
      for (const line of text.split('\n').slice(0, -1)) {
        const message = JSON.parse(line)
        if ('error' in message) reject(new Error(`QMP ${execute}: ${message.error.desc}`))
        if ('return' in message || 'error' in message) {
          socket.off('data', onData)
          resolve()
        }
      }
    }
    socket.on('data', onData)
  })
  socket.write(`${JSON.stringify({ execute, arguments: args })}\n`)
  await answer
}

/** Resolves when the guest prints its dot. */
function finished(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let errors = ''
    child.stderr!.on('data', (data) => {
      errors += data
    })
    child.stdout!.on('data', (data: Buffer) => data.includes('.') && resolve())
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`QEMU ended with ${code}: ${errors}`)))
  })
}

/** An ELF file as the image that QEMU takes for pseries' firmware: memory from 0 on. */
export function image(file: URL): Uint8Array {
  const { segments } = readElf(readFileSync(file), file.pathname)
  const bytes = new Uint8Array(Math.max(...segments.map(({ address, bytes }) => address + bytes.length)))
  for (const segment of segments) bytes.set(segment.bytes, segment.address)
  return bytes
}

export async function runQemu(batch: Batch, bits: Bits): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'power-random-'))
  const file = (name: string) => join(folder, name)
  writeFileSync(file('header'), batch.header)
  writeFileSync(file('code'), batch.code)
  writeFileSync(file('records'), batch.records)
  const load = (name: string, at: number) => ['-device', `loader,file=${file(name)},addr=${at},force-raw=on`]
  const [program, ...machine] = MACHINE[bits]
  if (bits === 64) writeFileSync(file('image'), image(harness(64, batch.kind)))
  const start =
    bits === 64
      ? ['-bios', file('image')]
      : ['-device', `loader,file=${fileURLToPath(harness(32, batch.kind))},cpu-num=0`]
  const console = bits === 64 ? ['-nodefaults', '-serial', 'stdio'] : ['-serial', 'stdio', '-monitor', 'none']
  const child = spawn(program!, [
    ...machine,
    ...[
      ...console,
      '-display',
      'none',
      '-accel',
      'tcg,thread=single',
      '-qmp',
      `unix:${file('qmp')},server=on,wait=off`,
    ],
    ...[...start, ...load('header', HEADER), ...load('code', CODE), ...load('records', RECORDS)],
  ])
  try {
    await finished(child)
    const socket = createConnection(file('qmp'))
    await new Promise((resolve) => socket.once('data', resolve))
    await qmp(socket, 'qmp_capabilities')
    await qmp(socket, 'pmemsave', { val: RECORDS, size: batch.records.length, filename: file('result') })
    socket.destroy()
    return new Uint8Array(readFileSync(file('result')))
  } finally {
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}
