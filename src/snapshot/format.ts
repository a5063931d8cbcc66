/**
 * The snapshot file, version 1. Integers are little-endian; `text` is a u32 length and UTF-8, `blob` a u32 length and
 * bytes; times are ns.
 *
 *        ┌────────────────────────────────────────────────────────────────────────────────────┐
 *      0 │ 89 43 48 56 53 0d 0a 1a   "\x89CHVS\r\n\x1a": text-mode transfers break it at once │
 *      8 │ u16 version │ u16 flags: 1 body is gzip │ u32 kind: 1 guest, 2 machine, 3 code     │
 *     16 │ u64 length of the body in this file     │ u64 length of the body unpacked          │
 *        ├────────────────────────────────────────────────────────────────────────────────────┤
 *     32 │ body: sections one after the other, each                                           │
 *        │   u32 name, four letters │ u32 CRC-32 of the content │ u64 length │ content        │
 *        ├────────────────────────────────────────────────────────────────────────────────────┤
 *    end │ SHA-256 of all bytes before it, 32 bytes                                           │
 *        └────────────────────────────────────────────────────────────────────────────────────┘
 *
 * Sections, each once and in any order (HOST once a host, in the order of the scenario). A reader passes over an
 * unknown one whose name begins with a small letter, and refuses any other.
 *
 *   kind 1, a guest that was taken off its host
 *   SCEN  text file name · text YAML · u64 seed
 *   HOST  text name · u8 syncs_wall · u8 epoch_system_time · i64 wall_rate_ppb · u64 uptime · u64 wall · u64 tsc · u64 timebase ·
 *         blob machine and host part of the core's state, without the zeros at its end
 *   SAVE  u64 true time of the save · text guest · text host · text policy · u8 variant · u8 suspended ·
 *         u32 n · n × (text name · i128 value): what the policy wrote
 *   GUST  u32 vcpus · u32 program · u64 stopped_at · u64 stopped_total · u64 counter at boot ·
 *         blob the guest's part of the core's state
 *   LIFE  u32 n · n × (u64 from · u64 until · u8 cause · u8 resumed · text from_host · text to_host) ·
 *         u32 n · n × (u64 at · u8 by): stops, and corrections from outside
 *   SEEN  observations, 40 bytes each as in assembly/observe.ts
 *   MEMO  u64 size · u32 n · u32 0 · n × (u32 first page · u32 pages) · the pages, 4 KiB each, run by run
 *
 *   kind 3, a guest that runs machine code, taken off its host: SCEN, HOST, SAVE, LIFE, SEEN and MEMO as above, and
 *   GUST  the same, with program 0, u64 0 stopped_total, the timebase at boot, and the state of the Power machine
 *         without the zeros at its end
 *   CODE  u32 layout of that state · text model · u64 bytes of memory · u64 cpu_hz · u64 tb_hz · u32 dec_bits · u32 vcpus ·
 *         u32 n · n × (u64 from · u64 until · i256 at · i256 rate · i256 den · u64 tb_offset): when it ran, and TB then
 *   TOLD  u64 characters printed so far · u32 n · n × (text name · u8 clock · u32 vcpu): readers ·
 *         u32 n · n × (text name · u8 clock · u64 for): sleepers · u32 n · n × (u32 sleeper · u64 since): those asleep ·
 *         text the line without an end
 *   TEXT  what it printed so far, one byte a character
 *
 *   kind 2, a whole machine
 *   STAT  blob the core's state
 *   MEMO  as above
 *
 * Nothing is allocated by what a length says, only by what is there: lengths are held against the bytes that are left
 * before anything is done with them, gzip cannot grow by more than its factor, and memory stays sparse until the
 * guest lands on a machine that the scenario gives as much memory.
 */
export const MAGIC = Buffer.from([0x89, 0x43, 0x48, 0x56, 0x53, 0x0d, 0x0a, 0x1a])
export const VERSION = 1
export const FLAG_GZIP = 1
export const Kind = { guest: 1, machine: 2, code: 3 } as const
/** What errors call them. */
export const KINDS: Readonly<Record<number, string>> = {
  [Kind.guest]: 'a guest',
  [Kind.machine]: 'a machine',
  [Kind.code]: 'a guest that runs machine code',
}
export const HEADER_BYTES = 32
export const SECTION_HEADER_BYTES = 16
export const DIGEST_BYTES = 32

/** The largest guest memory of a scenario, with room for all else. */
export const MAX_BODY = 1536 * 1024 * 1024
/** Deflate makes at most 1032 bytes of one. */
export const MAX_GROWTH = 1032

export const MAX_CLOCKS = 4096
export const MAX_STOPS = 1_000_000

/** By number, never to be reordered. */
export const CAUSES = ['pause', 'save', 'migrate', 'host-suspend'] as const
export const CORRECTIONS = ['agent-settime', 'guest-ntp', 'rtc-resync', 'set-wall', 'ntp-step'] as const
export const VARIANTS = [
  'stock',
  'no-rebase',
  'fix-2',
  'fix-3',
  'old-cyc2ns',
  'shift-22',
  'unstolen-sched',
  'steal-4-8',
  'steal-4-11',
  'no-guard',
] as const

/** Sections that each kind must have. */
export const SECTIONS: Readonly<Record<number, readonly string[]>> = {
  [Kind.guest]: ['SCEN', 'HOST', 'SAVE', 'GUST', 'LIFE', 'SEEN', 'MEMO'],
  [Kind.machine]: ['STAT', 'MEMO'],
  [Kind.code]: ['SCEN', 'HOST', 'SAVE', 'GUST', 'LIFE', 'CODE', 'TOLD', 'TEXT', 'SEEN', 'MEMO'],
}

/** What a live migration carries beside scenario, memory and observations: sections as above, in no file. */
export const FLIGHT_SECTIONS = ['HOST', 'SAVE', 'GUST', 'LIFE'] as const
/** The same of machine code, where the text that it printed has gone before too. */
export const CODE_FLIGHT_SECTIONS = [...FLIGHT_SECTIONS, 'CODE', 'TOLD'] as const

export type Content = readonly Uint8Array[]
export type Sections = readonly (readonly [name: string, content: Content])[]
