/**
 * Where an effective address lies in guest memory, for who looks from outside: nothing is marked, nothing interrupts,
 * and rights are not asked. The trees are those of assembly/power-cpu/radix.ts.
 */
import type { PowerMachine } from '../machine.js'

const MSR_DR = 1n << 4n
const LPCR_HR = 1n << 20n
const REAL_MODE = 0x0fff_ffff_ffff_ffffn
const VALID = 1n << 63n
const LEAF = 1n << 62n
/** Offset of SPR 48, PIDR, from address_cpu(). */
const PIDR = 0x1000 + 48 * 8

/** Its real address; null: nothing is mapped there. */
export function realOf(machine: PowerMachine, address: bigint): number | null {
  const real = (machine.msr & MSR_DR) === 0n ? address & REAL_MODE : walk(machine, address)
  return real !== null && real < BigInt(machine.ram.length) ? Number(real) : null
}

function walk(machine: PowerMachine, address: bigint): bigint | null {
  const { core, ram } = machine
  if ((BigInt.asUintN(64, core.partition_lpcr()) & LPCR_HR) === 0n) return null
  const view = new DataView(ram.buffer, ram.byteOffset, ram.length)
  const entryAt = (at: bigint) => (at + 8n <= BigInt(ram.length) ? view.getBigUint64(Number(at), false) : 0n)
  const pid = BigInt(new DataView(core.memory.buffer).getUint32(core.address_cpu() + PIDR, true))
  const process = address >> 62n === 0n ? pid << 4n : 0n
  const entry = entryAt(
    (BigInt.asUintN(64, core.partition_process_table()) & 0x0fff_ffff_ffff_f000n) + process,
  )
  let left = (((entry >> 58n) & 0x18n) | ((entry >> 5n) & 7n)) + 31n
  let bits = entry & 31n
  let directory = entry & 0x0fff_ffff_ffff_ff00n
  for (let level = 0; level < 4 && bits > 0n && bits <= left; level++) {
    left -= bits
    const next = entryAt(directory + (((address >> left) & ((1n << bits) - 1n)) << 3n))
    if ((next & VALID) === 0n) return null
    const inside = (1n << left) - 1n
    if ((next & LEAF) !== 0n) return (next & 0x01ff_ffff_ffff_f000n & ~inside) | (address & inside)
    bits = next & 31n
    directory = next & 0x0fff_ffff_ffff_ff00n
  }
  return null
}
