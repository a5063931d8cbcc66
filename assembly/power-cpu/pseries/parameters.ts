/**
 * System parameters of ibm,get-system-parameter (LoPAPR 1.1, 7.3.16): two bytes of length, big-endian, and the value;
 * as much of both as the caller has room for.
 */
import { dirty_mark } from '../../engine/dirty'
import { machine, RAM } from '../../engine/layout'
import { RTAS_NOT_SUPPORTED, RTAS_PARAM_ERROR, RTAS_SUCCESS } from './codes'
import { guest_has, platform } from './state'

const SHARED_PROCESSORS: u32 = 20 // what a partition of shared processors has, as text
const DIAGNOSTICS_RUN_MODE: u32 = 42
const DIAGNOSTICS_DISABLED: u8 = 0
const MIB: u32 = 20

// Names of the text, in static data: 'MaxEntCap=', ',DesMem=', ',DesProcs=', ',MaxPlatProcs='.
const NAMES: usize = memory.data<u8>([
  77, 97, 120, 69, 110, 116, 67, 97, 112, 61, 0, 44, 68, 101, 115, 77, 101, 109, 61, 0, 44, 68, 101, 115, 80, 114, 111, 99,
  115, 61, 0, 44, 77, 97, 120, 80, 108, 97, 116, 80, 114, 111, 99, 115, 61, 0,
])

export function system_parameter(parameter: u32, buffer: u32, length: u32): i32 {
  if (parameter != SHARED_PROCESSORS && parameter != DIAGNOSTICS_RUN_MODE) return RTAS_NOT_SUPPORTED
  if (!guest_has(buffer, length)) return RTAS_PARAM_ERROR
  if (length < 2) return RTAS_SUCCESS
  dirty_mark(buffer, length)
  const size = parameter == SHARED_PROCESSORS ? shared_processors(buffer, length) : 1
  if (parameter == DIAGNOSTICS_RUN_MODE) put(buffer, length, 2, DIAGNOSTICS_DISABLED)
  store<u16>(RAM + buffer, bswap<u16>(<u16>size))
  return RTAS_SUCCESS
}

@inline function put(buffer: u32, length: u32, at: u32, byte: u8): void {
  if (at < length) store<u8>(RAM + buffer + at, byte)
}

/** Writes the text with its final zero; answers its size. */
function shared_processors(buffer: u32, length: u32): u32 {
  let at: u32 = 2
  let name: usize = NAMES
  for (let field: u32 = 0; field < 4; field++) {
    for (let c = load<u8>(name); c != 0; c = load<u8>(name)) {
      put(buffer, length, at++, c)
      name++
    }
    name++
    const value = field == 1 ? machine().ram_size >> MIB : machine().vcpus
    at = put_number(buffer, length, at, value)
  }
  put(buffer, length, at++, 0)
  return at - 2
}

function put_number(buffer: u32, length: u32, at: u32, value: u32): u32 {
  let unit: u32 = 1
  while (value / unit >= 10) unit *= 10
  for (; unit != 0; unit /= 10) put(buffer, length, at++, <u8>(48 + (value / unit) % 10))
  return at
}
