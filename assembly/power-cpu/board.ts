/**
 * What is around the CPU.
 *
 *   BOARD_UART      a bare 32-bit board: ISA ports at 0x80000000, among them a 16550 UART at 0x3f8. Enough to print;
 *                   the other ports read as all ones and drop what is written.
 *   BOARD_PSERIES   the hypercalls and RTAS calls with which a bare 64-bit program prints and powers off
 *                   (PAPR: H_PUT_TERM_CHAR 0x58, QEMU's H_RTAS 0xf000, H_SET_MODE 0x31c)
 */
import {
  CONSOLE, CONSOLE_SIZE, end_run, FAULT_HCALL, machine, PAGE_MASK, RAM, run_at_hand, STATUS_FAULT, STATUS_OFF,
} from '../engine/layout'
import { LPCR_ILE, lpcr_set } from './partition'
import { gpr, set_gpr } from './registers'

export const BOARD_UART: u32 = 1
export const BOARD_PSERIES: u32 = 2

const PORTS: u64 = 0x8000_0000
const PORTS_END: u64 = 0x8001_0000
const UART_DATA: u64 = PORTS + 0x3f8
const UART_LINE_STATUS: u64 = PORTS + 0x3fd
const TRANSMITTER_EMPTY: u64 = 0x60

const H_SUCCESS: u64 = 0
const H_PARAMETER: u64 = <u64>(-4)
const H_PUT_TERM_CHAR: u64 = 0x58
const H_SET_MODE: u64 = 0x31c
const H_SET_DABR: u64 = 0x28
const H_HARDWARE: u64 = <u64>(-1)
const H_RTAS: u64 = 0xf000
const RTAS_POWER_OFF: u32 = 0x2003
const VTY: u64 = 0x7100_0000

/** A character of the guest's console. The run ends when the buffer is almost full. */
function print(character: u32): void {
  const r = run_at_hand()
  store<u8>(CONSOLE + r.console_used, <u8>character)
  r.console_used++
  // One instruction prints 16 at most, and the shell empties the buffer between runs.
  if (r.console_used >= CONSOLE_SIZE - 64) r.left = end_run(r.left)
}

@inline function port(address: u64): bool { return machine().board == BOARD_UART && address >= PORTS && address < PORTS_END }

/** Whether a device answers at a real address outside RAM. */
export function device_at(address: u64, size: u32): bool { return port(address) && port(address + size - 1) }

/** What a device reads, in the byte order of the access. */
export function device_read(address: u64): u64 { return address == UART_LINE_STATUS ? TRANSMITTER_EMPTY : u64.MAX_VALUE }

export function device_write(address: u64, value: u64): void {
  if (address == UART_DATA) print(<u32>value & 0xff)
}

@inline function word_at(address: u64): u32 { return bswap<u32>(load<u32>(RAM + <usize>address)) }

/** `sc 1` on BOARD_PSERIES: the call in r3. False, and the machine stopped, for one that the platform does not have. */
export function hypercall(): bool {
  const m = machine()
  const number = gpr(3)
  if (number == H_PUT_TERM_CHAR) set_gpr(3, put_term_char())
  else if (number == H_SET_DABR) set_gpr(3, H_HARDWARE)
  else if (number == H_SET_MODE && gpr(5) == 4 && gpr(4) <= 1) {
    lpcr_set(gpr(4) == 1 ? LPCR_ILE : 0, LPCR_ILE)
    set_gpr(3, H_SUCCESS)
  } else if (number != H_RTAS || !rtas(gpr(4))) {
    m.status = STATUS_FAULT
    m.fault = FAULT_HCALL
    m.fault_detail = number
    return false
  }
  return true
}

/** r4 vty, r5 length up to 16, r6 and r7 the characters, first one in the most significant byte. */
function put_term_char(): u64 {
  const length = gpr(5)
  if (gpr(4) != VTY || length > 16) return H_PARAMETER
  for (let i: u32 = 0; i < <u32>length; i++) print(<u32>(gpr(6 + (i >> 3)) >> (56 - 8 * <u64>(i & 7))) & 0xff)
  return H_SUCCESS
}

/** RTAS: token, count of arguments, count of results, then both, as big-endian words. */
function rtas(args: u64): bool {
  if (args + 12 > machine().ram_size || (args & 3) != 0 || (args & PAGE_MASK) > PAGE_MASK - 64) return false
  if (word_at(args) != RTAS_POWER_OFF) return false
  machine().status = STATUS_OFF
  return true
}
