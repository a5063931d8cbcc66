/** One gdb at a time, on this machine only. */
import { createServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { PowerMachine } from '../machine.js'
import { encodePacket, PacketReader } from './packets.js'
import { GdbStub } from './stub.js'

export interface GdbOptions {
  /** 0: one that is free. */
  readonly port: number
  readonly little: boolean
  /** What the guest prints. */
  readonly print: (text: string) => void
  /** It listens, at this port. */
  readonly onListening: (port: number) => void
}

/** Serves a debugger until it detaches, kills the guest or goes away. Rejects where the port cannot be had. */
export function serveGdb(machine: PowerMachine, options: GdbOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const stub = new GdbStub(machine, options.little, options.print)
    const server = createServer((socket) => {
      server.close()
      serve(socket, stub).then(resolve, reject)
    })
    server.on('error', reject)
    server.listen(options.port, '127.0.0.1', () => {
      const address = server.address()
      if (address !== null && typeof address === 'object') options.onListening(address.port)
    })
  })
}

async function serve(socket: Socket, stub: GdbStub): Promise<void> {
  const reader = new PacketReader()
  const waiting: string[] = []
  let interrupt = false
  let gone = false
  let acknowledges = true
  let wake = () => {}
  socket.setNoDelay(true)
  socket.on('data', (bytes) => {
    try {
      for (const arrival of reader.take(bytes)) {
        if (arrival.kind === 'interrupt') interrupt = true
        else {
          if (acknowledges) socket.write(arrival.kind === 'packet' ? '+' : '-')
          if (arrival.kind === 'packet') waiting.push(arrival.data)
        }
      }
    } catch {
      socket.destroy()
    }
    wake()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    gone = true
    wake()
  })
  const interrupted = async () => {
    await setImmediate()
    const asked = interrupt || gone
    interrupt = false
    return asked
  }
  while (!gone || waiting.length > 0) {
    const data = waiting.shift()
    if (data === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve
        if (gone || waiting.length > 0) resolve()
      })
      continue
    }
    interrupt = false
    const answer = data === 'QStartNoAckMode' ? 'OK' : await stub.answer(data, interrupted)
    socket.write(encodePacket(answer ?? 'OK'))
    if (data === 'QStartNoAckMode') acknowledges = false
    if (answer === null) break
  }
  socket.end()
}
