/** Opening and accepting connections, plain or TLS. */
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { MigrationError } from './error.js'
import { type Address, addressText, refuseOpen, type Security } from './secure.js'

/** More than any honest use has at once: one guest, and questions. */
const MAX_CONNECTIONS = 16

/** Throws MigrationError. */
export function connect(to: Address, security: Security, timeoutMs: number): Promise<Socket> {
  refuseOpen(to, security)
  const peer = addressText(to)
  return new Promise((resolve, reject) => {
    const { tls } = security
    const socket = tls
      ? tlsConnect({ ...to, ...pem(tls), minVersion: 'TLSv1.3' }, () => ready())
      : tcpConnect(to, () => ready())
    const fail = (why: string) => {
      socket.destroy()
      clearTimeout(timer)
      reject(
        new MigrationError(peer, null, `${why}; expected \`chronovisor receive\` to listen there`, 'cut'),
      )
    }
    const timer = setTimeout(() => fail(`no connection within ${timeoutMs / 1000} s`), timeoutMs)
    const failed = (error: Error) => fail(error.message)
    const ready = () => {
      clearTimeout(timer)
      socket.off('error', failed)
      resolve(socket)
    }
    socket.once('error', failed)
  })
}

/** Throws MigrationError. */
export function listen(
  at: Address,
  security: Security,
  timeoutMs: number,
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  refuseOpen(at, security)
  const { tls } = security
  const server = tls
    ? createTlsServer(
        {
          ...pem(tls),
          requestCert: true,
          rejectUnauthorized: true,
          minVersion: 'TLSv1.3',
          handshakeTimeout: timeoutMs,
        },
        onSocket,
      )
    : createServer(onSocket)
  server.maxConnections = MAX_CONNECTIONS
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(new MigrationError(addressText(at), null, `${error.message}; expected an address to listen at`))
    server.once('error', failed)
    server.listen(at.port, at.host, () => {
      server.off('error', failed)
      resolve(server)
    })
  })
}

const pem = ({ cert, key, ca }: NonNullable<Security['tls']>) => ({
  cert: Buffer.from(cert),
  key: Buffer.from(key),
  ca: Buffer.from(ca),
})
