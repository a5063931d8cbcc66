/**
 * What `xl save` writes: three formats, one in the other. Integers are little-endian where nothing else is said.
 *
 *   xl         "Xen saved domain, xl format\n \0 \r" (32) · u32 0x01020304 · u32 mandatory flags · u32 optional flags ·
 *              u32 n · n bytes: u32 length · the domain's configuration as JSON
 *   libxl      "LibxlFmt" (8) · u32 BE version 2 · u32 BE options: bit 0 big-endian, bit 1 made from a legacy stream
 *              records: u32 type · u32 length · body · 0 to 7 bytes up to a multiple of 8
 *                LIBXC_CONTEXT, of length 0: here the libxc image stands, up to its END (or CHECKPOINT)
 *                END: the last
 *   libxc      ff × 8 · u32 BE "XENF" · u32 BE version 2 or 3 · u16 BE options: bit 0 big-endian · 6 bytes 0
 *              u32 domain type 1 PV, 2 HVM · u16 page shift · u16 0 · u32 Xen major · u32 Xen minor
 *              records as above
 *                PAGE_DATA: u32 count · u32 0 · count × u64 (bits 63-60 type, 51-0 pfn) · the pages that have data
 *                END: the last
 *
 * A file may begin with any of the three. A record whose type has bit 31 is optional: a reader passes over it; any
 * other that it does not know it must refuse.
 *
 * Sources: Xen docs/specs/libxl-migration-stream.pandoc, docs/specs/libxc-migration-stream.pandoc (types from 0xf on
 * are of its later drafts), tools/xl/xl.h (struct save_file_header).
 */
export const XL_MAGIC = Buffer.from('Xen saved domain, xl format\n \0 \r', 'latin1')
export const XL_HEADER_BYTES = 48
export const XL_BYTE_ORDER = 0x01020304
/** The configuration is JSON; a libxl stream follows. */
export const XL_MANDATORY_JSON = 1
export const XL_MANDATORY_STREAM_V2 = 2
export const MAX_XL_DATA = 1 << 20

export const LIBXL_MAGIC = Buffer.from('LibxlFmt', 'latin1')
export const LIBXL_HEADER_BYTES = 16
export const LIBXL_VERSION = 2

export const LIBXC_MAGIC = Buffer.from('ffffffffffffffff58454e46', 'hex')
export const IMAGE_HEADER_BYTES = 24
export const DOMAIN_HEADER_BYTES = 16
export const LIBXC_VERSIONS: readonly number[] = [2, 3]
export const BIG_ENDIAN = 1

export const RECORD_HEADER_BYTES = 8
export const OPTIONAL = 0x80000000
/** The largest body that is taken into memory at once; real ones have some hundred KiB. */
export const MAX_BODY = 16 << 20
/** libxc writes 1024 pages a record. */
export const MAX_BATCH = 1 << 16
export const PAGE_BYTES = 4096

export const DomainType = { pv: 1, hvm: 2 } as const
export type DomainKind = keyof typeof DomainType

export const LibxlRecord = {
  END: 0,
  LIBXC_CONTEXT: 1,
  EMULATOR_XENSTORE_DATA: 2,
  EMULATOR_CONTEXT: 3,
  CHECKPOINT_END: 4,
  CHECKPOINT_STATE: 5,
} as const
export type LibxlRecordName = keyof typeof LibxlRecord

export const LibxcRecord = {
  END: 0x0,
  PAGE_DATA: 0x1,
  X86_PV_INFO: 0x2,
  X86_PV_P2M_FRAMES: 0x3,
  X86_PV_VCPU_BASIC: 0x4,
  X86_PV_VCPU_EXTENDED: 0x5,
  X86_PV_VCPU_XSAVE: 0x6,
  SHARED_INFO: 0x7,
  X86_TSC_INFO: 0x8,
  HVM_CONTEXT: 0x9,
  HVM_PARAMS: 0xa,
  TOOLSTACK: 0xb,
  X86_PV_VCPU_MSRS: 0xc,
  VERIFY: 0xd,
  CHECKPOINT: 0xe,
  CHECKPOINT_DIRTY_PFN_LIST: 0xf,
  STATIC_DATA_END: 0x10,
  X86_CPUID_POLICY: 0x11,
  X86_MSR_POLICY: 0x12,
} as const
export type LibxcRecordName = keyof typeof LibxcRecord

/** What a body must be before it is decoded. */
interface Shape {
  /** Its length, or the least that it has. */
  readonly bytes?: number
  readonly least?: number
  /** What follows `least` comes in pieces of so many bytes. */
  readonly each?: number
  /** Only in streams of such a domain. */
  readonly only?: DomainKind
  /** Not known before this version. */
  readonly since?: number
}

export const SHAPES: Readonly<Record<LibxcRecordName, Shape>> = {
  END: { bytes: 0 },
  PAGE_DATA: { least: 16 },
  X86_PV_INFO: { bytes: 8, only: 'pv' },
  X86_PV_P2M_FRAMES: { least: 8, each: 8, only: 'pv' },
  X86_PV_VCPU_BASIC: { least: 8, only: 'pv' },
  X86_PV_VCPU_EXTENDED: { least: 8, only: 'pv' },
  X86_PV_VCPU_XSAVE: { least: 8, only: 'pv' },
  SHARED_INFO: { bytes: PAGE_BYTES, only: 'pv' },
  X86_TSC_INFO: { bytes: 24 },
  HVM_CONTEXT: { least: 8, only: 'hvm' },
  HVM_PARAMS: { least: 8, each: 16, only: 'hvm' },
  TOOLSTACK: {},
  X86_PV_VCPU_MSRS: { least: 8, each: 16, only: 'pv' },
  VERIFY: { bytes: 0 },
  CHECKPOINT: { bytes: 0 },
  CHECKPOINT_DIRTY_PFN_LIST: { least: 0, each: 8 },
  STATIC_DATA_END: { bytes: 0, since: 3 },
  X86_CPUID_POLICY: { least: 0, each: 24, since: 3 },
  X86_MSR_POLICY: { least: 0, each: 16, since: 3 },
}

export const libxcNames: ReadonlyMap<number, LibxcRecordName> = named(LibxcRecord)
export const libxlNames: ReadonlyMap<number, LibxlRecordName> = named(LibxlRecord)

function named<Name extends string>(types: Readonly<Record<Name, number>>): Map<number, Name> {
  return new Map((Object.keys(types) as Name[]).map((name) => [types[name], name]))
}

/** Types of a page, XEN_DOMCTL_PFINFO_* >> 28: whether a page of that type has data; absent: refused. */
export const PAGE_TYPES: ReadonlyMap<number, { readonly name: string; readonly data: boolean }> = new Map(
  (
    [
      [0x0, 'NOTAB', true],
      [0x1, 'L1TAB', true],
      [0x2, 'L2TAB', true],
      [0x3, 'L3TAB', true],
      [0x4, 'L4TAB', true],
      [0x9, 'L1TAB_PIN', true],
      [0xa, 'L2TAB_PIN', true],
      [0xb, 'L3TAB_PIN', true],
      [0xc, 'L4TAB_PIN', true],
      [0xd, 'BROKEN', false],
      [0xe, 'XALLOC', false],
      [0xf, 'XTAB', false],
    ] as const
  ).map(([type, name, data]) => [type, { name, data }]),
)

export const PFN_MASK = (1n << 52n) - 1n
export const PFN_TYPE_SHIFT = 60n
