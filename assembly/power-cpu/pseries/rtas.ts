/**
 * Run-time abstraction services (LoPAPR 1.1, chapter 7). The guest calls code of ours in its memory, or QEMU's hypercall
 * 0xf000, with a block of big-endian words: token, count of arguments, count of results, arguments, results; the first
 * result is the status. Tokens are QEMU's; src/power/tree.ts names them to the guest.
 */
import { dirty_mark } from '../../engine/dirty'
import { cycle_now, machine, NVRAM, NVRAM_SIZE, RAM, run_at_hand, STATUS_OFF, STATUS_REBOOT } from '../../engine/layout'
import { print } from '../console'
import { gpr } from '../registers'
import { vcpu_here, vcpu_start, vcpu_stop, vcpu_stopped } from '../vcpus'
import {
  H_PARAMETER, H_SUCCESS, RTAS_HW_ERROR, RTAS_NO_ERRORS_FOUND, RTAS_NOT_AUTHORIZED, RTAS_NOT_SUPPORTED, RTAS_PARAM_ERROR,
  RTAS_SUCCESS,
} from './codes'
import { date_of, day_of } from './day'
import { day_now, day_set, guest_has, guest_u32, platform, put_u32 } from './state'
import { system_parameter } from './parameters'
import { xive_get, xive_mask, xive_set } from './xics'

const DISPLAY_CHARACTER: u32 = 0x2000
const GET_TIME_OF_DAY: u32 = 0x2001
const SET_TIME_OF_DAY: u32 = 0x2002
const POWER_OFF: u32 = 0x2003
const SYSTEM_REBOOT: u32 = 0x2004
const QUERY_CPU_STOPPED_STATE: u32 = 0x2005
const START_CPU: u32 = 0x2006
const STOP_SELF: u32 = 0x2007
const GET_SYSTEM_PARAMETER: u32 = 0x2008
const SET_SYSTEM_PARAMETER: u32 = 0x2009
const SET_XIVE: u32 = 0x200a
const GET_XIVE: u32 = 0x200b
const INT_OFF: u32 = 0x200c
const INT_ON: u32 = 0x200d
const CHECK_EXCEPTION: u32 = 0x200e
const EVENT_SCAN: u32 = 0x200f
const QUIESCE: u32 = 0x2011
const NVRAM_FETCH: u32 = 0x2012
const NVRAM_STORE: u32 = 0x2013
const SET_INDICATOR: u32 = 0x201a
const SET_POWER_LEVEL: u32 = 0x201b
const GET_POWER_LEVEL: u32 = 0x201c
const GET_SENSOR_STATE: u32 = 0x201d
const OS_TERM: u32 = 0x201f
/** Early Linux calls display-character by this number without asking the tree. */
const DISPLAY_CHARACTER_EARLY: u32 = 0xa

const DIAGNOSTICS_RUN_MODE: u32 = 42
const NS_PER_SEC: i64 = 1_000_000_000
const SEC_PER_DAY: i64 = 86400
const STOPPED: u32 = 0
const RUNNING: u32 = 2
const FULL_POWER: u32 = 100

/** The block at hand: a real address, and the two counts. */
@inline function arg(block: u64, n: u32): u32 { return guest_u32(block + 12 + 4 * <u64>n) }
@inline function result(block: u64, nargs: u32, n: u32, value: u32): void { put_u32(block + 12 + 4 * <u64>(nargs + n), value) }

/** H_RTAS: r4 the block. */
export function h_rtas(): u64 {
  const block = gpr(4) & 0x0fff_ffff_ffff_ffff
  if (!guest_has(block, 12)) return H_PARAMETER
  const token = guest_u32(block)
  const nargs = guest_u32(block + 4)
  const nret = guest_u32(block + 8)
  if (nargs > 16 || nret > 16 || !guest_has(block, <u64>(12 + 4 * (nargs + nret)))) return H_PARAMETER
  const status = call(token, block, nargs, nret)
  if (nret > 0) result(block, nargs, 0, <u32>status)
  return known(token) ? H_SUCCESS : H_PARAMETER
}

@inline function known(token: u32): bool { return token - 0x2000 <= OS_TERM - 0x2000 || token == DISPLAY_CHARACTER_EARLY }

/** The status of a call; one with fewer words than it takes is a parameter error. */
function call(token: u32, block: u64, nargs: u32, nret: u32): i32 {
  switch (token) {
    case DISPLAY_CHARACTER_EARLY:
    case DISPLAY_CHARACTER:
      if (nargs < 1) return RTAS_PARAM_ERROR
      print(arg(block, 0) & 0xff)
      return RTAS_SUCCESS
    case GET_TIME_OF_DAY: return nret == 8 ? get_time_of_day(block, nargs) : RTAS_PARAM_ERROR
    case SET_TIME_OF_DAY: return nargs >= 6 ? set_time_of_day(block) : RTAS_PARAM_ERROR
    case POWER_OFF: return nargs == 2 && nret == 1 ? ended(STATUS_OFF) : RTAS_PARAM_ERROR
    case SYSTEM_REBOOT: return nargs == 0 && nret == 1 ? ended(STATUS_REBOOT) : RTAS_PARAM_ERROR
    case GET_SYSTEM_PARAMETER:
      return nargs == 3 && nret == 1 ? system_parameter(arg(block, 0), arg(block, 1), arg(block, 2)) : RTAS_PARAM_ERROR
    case SET_SYSTEM_PARAMETER:
      return nargs >= 1 && arg(block, 0) == DIAGNOSTICS_RUN_MODE ? RTAS_NOT_AUTHORIZED : RTAS_NOT_SUPPORTED
    case CHECK_EXCEPTION: return nargs < 6 || nargs > 7 || nret != 1 ? RTAS_PARAM_ERROR : RTAS_NO_ERRORS_FOUND
    case EVENT_SCAN: return nargs == 4 && nret == 1 ? RTAS_NO_ERRORS_FOUND : RTAS_PARAM_ERROR
    case QUIESCE: return RTAS_SUCCESS
    case NVRAM_FETCH:
    case NVRAM_STORE: return nargs == 3 && nret == 2 ? nvram(token == NVRAM_STORE, block) : RTAS_PARAM_ERROR
    // No indicator or sensor is known; what is there has full power.
    case SET_INDICATOR:
    case GET_SENSOR_STATE: return RTAS_NOT_SUPPORTED
    case SET_POWER_LEVEL:
    case GET_POWER_LEVEL:
      if (nret != 2) return RTAS_PARAM_ERROR
      result(block, nargs, 1, FULL_POWER)
      return RTAS_SUCCESS
    case OS_TERM: platform().terminated = 1; return nargs == 1 && nret == 1 ? RTAS_SUCCESS : RTAS_PARAM_ERROR
    case SET_XIVE:
    case GET_XIVE:
    case INT_OFF:
    case INT_ON: return source_call(token, block, nargs, nret)
    default: return cpu_call(token, block, nargs, nret)
  }
}

function ended(status: u32): i32 {
  machine().status = status
  return RTAS_SUCCESS
}

/** Status, year, month, day, hour, minute, second, nanosecond. */
function get_time_of_day(block: u64, nargs: u32): i32 {
  const now = day_now(cycle_now(run_at_hand().left))
  const seconds = now >= 0 ? now / NS_PER_SEC : (now - NS_PER_SEC + 1) / NS_PER_SEC
  const days = seconds >= 0 ? seconds / SEC_PER_DAY : (seconds - SEC_PER_DAY + 1) / SEC_PER_DAY
  const second = <u32>(seconds - days * SEC_PER_DAY)
  const date = date_of(days)
  result(block, nargs, 1, <u32>(date >> 16))
  result(block, nargs, 2, <u32>(date >> 8) & 0xff)
  result(block, nargs, 3, <u32>date & 0xff)
  result(block, nargs, 4, second / 3600)
  result(block, nargs, 5, (second / 60) % 60)
  result(block, nargs, 6, second % 60)
  result(block, nargs, 7, <u32>(now - seconds * NS_PER_SEC))
  return RTAS_SUCCESS
}

function set_time_of_day(block: u64): i32 {
  const month = arg(block, 1)
  if (month < 1 || month > 12 || arg(block, 2) - 1 > 30 || arg(block, 3) > 23 || arg(block, 4) > 59 || arg(block, 5) > 60)
    return RTAS_PARAM_ERROR
  const days = day_of(arg(block, 0), month, arg(block, 2))
  const seconds = days * SEC_PER_DAY + <i64>(arg(block, 3) * 3600 + arg(block, 4) * 60 + arg(block, 5))
  day_set(cycle_now(run_at_hand().left), seconds * NS_PER_SEC)
  return RTAS_SUCCESS
}

/** NVRAM: offset in it, address of the bytes, their count; the second result is how many were moved. */
function nvram(write: bool, block: u64): i32 {
  const offset = arg(block, 0)
  const buffer = <u64>arg(block, 1)
  const size = arg(block, 2)
  result(block, 3, 1, 0)
  if (offset > NVRAM_SIZE || size > NVRAM_SIZE - offset || !guest_has(buffer, size)) return RTAS_PARAM_ERROR
  if (write) memory.copy(NVRAM + offset, RAM + <usize>buffer, size)
  else {
    if (size != 0) dirty_mark(<u32>buffer, size)
    memory.copy(RAM + <usize>buffer, NVRAM + offset, size)
  }
  result(block, 3, 1, size)
  return RTAS_SUCCESS
}

function source_call(token: u32, block: u64, nargs: u32, nret: u32): i32 {
  if (nargs < 1) return RTAS_PARAM_ERROR
  const number = arg(block, 0)
  switch (token) {
    case SET_XIVE:
      return nargs == 3 && xive_set(number, arg(block, 1), arg(block, 2)) ? RTAS_SUCCESS : RTAS_PARAM_ERROR
    case GET_XIVE: {
      const found = xive_get(number)
      if (nret != 3 || found < 0) return RTAS_PARAM_ERROR
      result(block, nargs, 1, <u32>found >> 8)
      result(block, nargs, 2, <u32>found & 0xff)
      return RTAS_SUCCESS
    }
    default: return xive_mask(number, token == INT_OFF) ? RTAS_SUCCESS : RTAS_PARAM_ERROR
  }
}

function cpu_call(token: u32, block: u64, nargs: u32, nret: u32): i32 {
  if (token == STOP_SELF) {
    vcpu_stop()
    return RTAS_SUCCESS
  }
  if (nargs < 1 || arg(block, 0) >= machine().vcpus) return RTAS_PARAM_ERROR
  const cpu = arg(block, 0)
  if (token == QUERY_CPU_STOPPED_STATE && nret == 2) {
    result(block, nargs, 1, vcpu_stopped(cpu) ? STOPPED : RUNNING)
    return RTAS_SUCCESS
  }
  if (token != START_CPU || nargs != 3) return RTAS_PARAM_ERROR
  if (cpu == vcpu_here() || !vcpu_stopped(cpu)) return RTAS_HW_ERROR
  vcpu_start(cpu, <u64>arg(block, 1), <u64>arg(block, 2))
  return RTAS_SUCCESS
}
