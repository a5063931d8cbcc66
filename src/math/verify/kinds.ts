/**
 * The recordings that are known, as data: which columns are the inputs of which batch of the core, and which of its
 * words each recorded result is held against. test/data/README.md says which real functions they come from.
 */
import type { RowsCall } from '../core.js'

/** What a column may hold: unsigned and signed words; x64 is unsigned, but may be printed as signed. */
export type ColumnType = 'u1' | 'u8' | 's8' | 'u32' | 's32' | 'u64' | 's64' | 'x64'

export type Column = readonly [name: string, type: ColumnType, word: number]

export interface RowKind {
  readonly name: string
  readonly title: string
  readonly call: RowsCall
  /** Words of the batch's rows. */
  readonly width: number
  readonly inputs: readonly Column[]
  readonly constants?: readonly (readonly [word: number, value: bigint])[]
  readonly results: readonly Column[]
  /** Results that mean something only where the recorded column `unless` is 0. */
  readonly unless?: string
  readonly conditional?: readonly Column[]
}

/** Columns of one type at consecutive words; shifts, whatever the others are, are signed. */
function columns(names: string, type: ColumnType, first: number): Column[] {
  return names.split(' ').map((name, i) => [name, name.endsWith('_shift') ? 's32' : type, first + i])
}

const pageFields = (first: number, flags: string | null): Column[] => [
  ['tsc_timestamp', 'u64', first],
  ['system_time', 'u64', first + 1],
  ['tsc_to_system_mul', 'u32', first + 2],
  ['tsc_shift', 's8', first + 3],
  ...(flags === null ? [] : ([[flags, 'u8', first + 4]] as const)),
]

export const rowKinds: readonly RowKind[] = [
  {
    name: 'scale',
    title: 'the choice of multiplier and shift, both ways',
    call: 'lab_time_scale',
    width: 10,
    inputs: [['freq_hz', 'u64', 0]],
    results: columns(
      'xen_mul xen_shift kvm_mul kvm_shift linux_pvclock_tsc_khz xen_ns2tsc_mul xen_ns2tsc_shift kvm_ns2tsc_mul kvm_ns2tsc_shift',
      'x64',
      1,
    ),
  },
  {
    name: 'scale_delta',
    title: 'ticks to ns',
    call: 'lab_scale_delta',
    width: 4,
    inputs: [
      ['delta', 'u64', 0],
      ['mul', 'u32', 1],
      ['shift', 's8', 2],
    ],
    results: ['linux_x86_64_ns', 'linux_i386_ns', 'xen_ns', 'qemu_ns', 'generic_c32_ns'].map((name) => [
      name,
      'x64',
      3,
    ]),
  },
  {
    name: 'tscratio',
    title: 'TSC scaling: ratio, scaled TSC, offset',
    call: 'lab_tsc',
    width: 16,
    inputs: [
      ['host_khz', 'u32', 0],
      ['guest_khz', 'u32', 1],
      ['frac_bits', 'u8', 2],
      ['host_tsc', 'u64', 3],
      ['target_tsc', 'u64', 4],
    ],
    results: [
      ['use_scaling_250ppm', 'u1', 5],
      ['set_rc', 's32', 6],
      ['kvm_ratio', 'u64', 7],
      ['virtual_tsc_mult', 'u32', 10],
      ['virtual_tsc_shift', 's32', 11],
      ['xen_ratio', 'u64', 13],
    ],
    unless: 'set_rc',
    conditional: [
      ['kvm_ratio_generic', 'u64', 13],
      ['kvm_scaled_tsc', 'u64', 8],
      ['kvm_scaled_generic', 'u64', 8],
      ['kvm_l1_offset', 'x64', 9],
      ['xen_scaled_tsc', 'u64', 14],
    ],
  },
  {
    name: 'kvm_tolerance',
    title: 'KVM’s 250 ppm',
    call: 'lab_recorded_tolerance',
    width: 3,
    inputs: [
      ['host_khz', 'u32', 0],
      ['ppm', 's32', 1],
    ],
    results: [['threshold_khz', 'u32', 2]],
  },
  {
    name: 'nested_tsc',
    title: 'ratio and offset of a guest’s guest',
    call: 'lab_nested_tsc',
    width: 7,
    inputs: [
      ['frac_bits', 'u8', 0],
      ['l1_ratio', 'u64', 1],
      ['l2_ratio', 'u64', 2],
      ['l1_offset_s64', 's64', 3],
      ['l2_offset_s64', 's64', 4],
    ],
    results: [
      ['nested_ratio', 'u64', 5],
      ['nested_offset_s64', 's64', 6],
    ],
  },
  {
    name: 'muldiv64',
    title: 'a*b/c over 128 bits, down and up',
    call: 'lab_wide',
    width: 8,
    inputs: columns('a b c', 'u64', 0),
    results: [
      ['muldiv64', 'u64', 4],
      ['muldiv64_round_up', 'u64', 5],
      ['fallback_down', 'u64', 4],
      ['fallback_up', 'u64', 5],
    ],
  },
  {
    name: 'tb',
    title: 'timebase and ns, QEMU’s way and Linux’s',
    call: 'lab_timebase',
    width: 8,
    inputs: columns('freq_hz ns tb', 'u64', 0),
    results: columns(
      'qemu_ns_to_tb qemu_tb_to_ns_round_up linux_tb_to_ns_scale linux_tb_to_ns_shift linux_tb_to_ns',
      'u64',
      3,
    ),
  },
  {
    name: 'dec',
    title: 'the decrementer: next, expiry, reading',
    call: 'lab_decrementer',
    width: 9,
    inputs: [
      ['freq_hz', 'u64', 0],
      ['now_ns', 'u64', 1],
      ['dec_value_u32', 'u32', 2],
      ['later_ns', 'u64', 3],
    ],
    constants: [[4, 32n]],
    results: [
      ['decr_next_tb', 'u64', 5],
      ['timer_expire_ns', 'u64', 6],
      ['decr_read_u32', 'u32', 7],
      ['decr_read_booke_u32', 'u32', 8],
    ],
  },
  {
    name: 'pvclock_read',
    title: 'a page and a TSC to ns',
    call: 'lab_pvclock_read',
    width: 8,
    inputs: [['version', 'u32', 0], ...pageFields(1, 'flags'), ['tsc', 'u64', 6]],
    results: [
      ['linux_ns', 'x64', 7],
      ['qemu_ns', 'x64', 7],
    ],
  },
  {
    name: 'pvclock_seq',
    title: 'readings in a row, with the guard against going backwards',
    call: 'lab_recorded_guard',
    width: 14,
    inputs: [
      ['seq', 'u64', 0],
      ['step', 'u64', 1],
      ['version', 'u32', 2],
      ...pageFields(3, 'flags_before'),
      ['tsc', 'u64', 8],
      ['valid_flags', 'u8', 9],
    ],
    results: columns('ret_ns last_value_after flags_after watchdog_touches', 'x64', 10),
  },
  {
    name: 'wallclock',
    title: 'the wall clock and a page to the time of day',
    call: 'lab_wallclock_read',
    width: 11,
    inputs: [['wc_sec', 'u32', 0], ['wc_nsec', 'u32', 1], ...pageFields(2, null), ['tsc', 'u64', 6]],
    results: columns('tv_sec tv_nsec', 'x64', 9),
  },
  {
    name: 'xen_calib',
    title: 'Xen’s calibration each second',
    call: 'lab_calibration',
    width: 17,
    inputs: [
      ...columns('prev_tsc prev_local prev_master', 'x64', 0),
      ['prev_mul', 'u32', 3],
      ['prev_shift', 's8', 4],
      ...columns('cur_tsc cur_local cur_master', 'x64', 5),
      ['constant_tsc', 'u1', 8],
    ],
    results: columns('new_tsc new_local new_master new_mul new_shift', 'x64', 11),
  },
  {
    name: 'xen_tscinfo',
    title: 'a domain’s TSC: set, read, saved',
    call: 'lab_domain_tsc',
    width: 27,
    inputs: [
      ['in_mode', 'u32', 0],
      ['in_elapsed_ns', 'u64', 1],
      ['in_gtsc_khz', 'u32', 2],
      ['in_incarnation', 'u32', 3],
      ['s_time', 'x64', 4],
      ['host_khz', 'u32', 5],
      ['host_safe', 'u1', 6],
      ['hvm', 'u1', 7],
      ['scaling_frac_bits', 'u8', 8],
      ['probe_gtime', 'x64', 9],
      ['get_at_s_time', 'x64', 10],
      ['get_rdtsc', 'u64', 11],
    ],
    results: [
      ['rc', 's32', 12],
      ...columns(
        'vtsc tsc_khz vtsc_offset vtsc_to_ns_mul vtsc_to_ns_shift ns_to_vtsc_mul ns_to_vtsc_shift incarnation hvm_ratio gtime_to_gtsc get_mode get_elapsed_ns get_khz get_incarnation',
        'x64',
        13,
      ),
    ],
  },
  {
    name: 'xen_settime',
    title: 'Xen told the time, and what its guest sees of it',
    call: 'lab_settime',
    width: 13,
    inputs: [
      ['secs', 'u64', 0],
      ['nsecs', 'u32', 1],
      ['system_time_base', 'u64', 2],
      ['domain_offset_s', 's64', 3],
      ['version_before', 'u32', 4],
    ],
    constants: [[5, 1n]],
    results: columns('wc_sec64 wc_nsec si_wc_sec si_wc_nsec si_wc_sec_hi version_after', 'x64', 6),
  },
  {
    name: 'xen_set_timer_op',
    title: 'set_timer_op: cancelled, or armed when',
    call: 'lab_recorded_timer_op',
    width: 4,
    inputs: [
      ['now', 's64', 0],
      ['timeout_s64', 's64', 1],
    ],
    results: [
      ['stopped', 'u1', 2],
      ['armed_at', 's64', 3],
    ],
  },
]
