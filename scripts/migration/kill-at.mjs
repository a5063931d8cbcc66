/**
 * Preloaded into a process that is to be killed: counts what it does to its disk and its connections, and ends it there
 * with SIGKILL, before or after the KILL_AT-th of these. KILL_COUNT names a file that gets the number of all of them.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'

const { KILL_AT = '0', KILL_COUNT } = process.env
const { writeFileSync } = fs
const at = Number(KILL_AT)
let steps = 0

function step() {
  steps++
  if (steps === at) process.kill(process.pid, 'SIGKILL')
}

for (const name of ['fsyncSync', 'renameSync', 'rmSync']) {
  const real = fs[name]
  fs[name] = (...args) => {
    step()
    const result = real(...args)
    step()
    return result
  }
}
const { fsync } = fs
fs.fsync = (file, done) => {
  step()
  fsync(file, (error) => {
    step()
    done(error)
  })
}
syncBuiltinESMExports()

// Each part of a record that is written, each piece of the other side's that comes.
const { _writev, _write, push } = Socket.prototype
Socket.prototype._writev = function (...args) {
  step()
  const result = _writev.apply(this, args)
  step()
  return result
}
Socket.prototype._write = function (...args) {
  step()
  return _write.apply(this, args)
}
Socket.prototype.push = function (...args) {
  step()
  return push.apply(this, args)
}

process.on('exit', () => {
  if (KILL_COUNT) writeFileSync(KILL_COUNT, `${steps}\n`)
})
