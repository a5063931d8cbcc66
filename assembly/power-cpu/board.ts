/**
 * What is around the CPU.
 *
 *   BOARD_UART      a bare 32-bit board: ISA ports at 0x80000000, among them a 16550 UART at 0x3f8. Enough to print;
 *                   the other ports read as all ones and drop what is written.
 *   BOARD_PSERIES   no device in the address space: everything is a hypercall (pseries/hcall.ts)
 */
import { machine } from '../engine/layout'
import { print } from './console'

export const BOARD_UART: u32 = 1
export const BOARD_PSERIES: u32 = 2

const PORTS: u64 = 0x8000_0000
const PORTS_END: u64 = 0x8001_0000
const UART_DATA: u64 = PORTS + 0x3f8
const UART_LINE_STATUS: u64 = PORTS + 0x3fd
const TRANSMITTER_EMPTY: u64 = 0x60

@inline function port(address: u64): bool { return machine().board == BOARD_UART && address >= PORTS && address < PORTS_END }

/** Whether a device answers at a real address outside RAM. */
export function device_at(address: u64, size: u32): bool { return port(address) && port(address + size - 1) }

/** What a device reads, in the byte order of the access. */
export function device_read(address: u64): u64 { return address == UART_LINE_STATUS ? TRANSMITTER_EMPTY : u64.MAX_VALUE }

export function device_write(address: u64, value: u64): void {
  if (address == UART_DATA) print(<u32>value & 0xff)
}
