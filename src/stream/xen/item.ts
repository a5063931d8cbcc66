/** A Xen stream as a sequence of items: what the reader yields and the writer takes. */

/** Every item is at byte `at` of the file; a new one need not say where. */
interface Placed {
  readonly at?: number
}

export interface XlHeader extends Placed {
  readonly kind: 'xl-header'
  readonly byteOrder: number
  readonly mandatoryFlags: number
  readonly optionalFlags: number
  /** u32 length and the configuration. */
  readonly data: Uint8Array
}

export interface LibxlHeader extends Placed {
  readonly kind: 'libxl-header'
  readonly version: number
  readonly options: number
}

export interface LibxcHeader extends Placed {
  readonly kind: 'libxc-header'
  readonly version: number
  readonly options: number
  /** Reserved, 6 and 2 bytes: 0, and kept as they are. */
  readonly reserved?: Uint8Array
  /** 1 PV, 2 HVM. */
  readonly domainType: number
  readonly pageShift: number
  readonly domainReserved?: number
  readonly xenMajor: number
  readonly xenMinor: number
}

export interface StreamRecord extends Placed {
  readonly kind: 'libxl-record' | 'libxc-record'
  readonly type: number
  readonly body: Uint8Array
  /** What fills up to a multiple of 8; zeros if it is left out. */
  readonly padding?: Uint8Array
}

/** PAGE_DATA before its pages: `page` items follow, one for each entry whose type has data. */
export interface PageBatch extends Placed {
  readonly kind: 'pages'
  readonly reserved?: number
  /** Type and pfn of each, as in the record. */
  readonly pfns: BigUint64Array
}

export interface Page extends Placed {
  readonly kind: 'page'
  /** Type and pfn, as in the record. */
  readonly entry: bigint
  /** From the reader: valid until the next item. */
  readonly bytes: Uint8Array
}

export type Item = XlHeader | LibxlHeader | LibxcHeader | StreamRecord | PageBatch | Page
