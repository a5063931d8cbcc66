/** Where the regions are, for the shell: it copies and hashes bytes, and reads guest memory. */
import { CALL, GUEST, GUEST_MEMORY, HOST, QUEUE, RING, STATE, STATE_END } from './layout'
import { RECORD_SIZE, RING_RECORDS } from './observe'

export function address_call(): usize { return CALL }
export function address_state(): usize { return STATE }
export function address_state_end(): usize { return STATE_END }
/** The host's part of the state: what every machine on one host has alike. */
export function address_host(): usize { return HOST }
export function address_host_end(): usize { return QUEUE }
/** The guest's part of the state, to STATE_END: what moves with it. */
export function address_guest(): usize { return GUEST }
export function address_ring(): usize { return RING }
export function address_records(): usize { return RING_RECORDS }
export function record_size(): usize { return RECORD_SIZE }
export function address_guest_memory(): usize { return GUEST_MEMORY }
