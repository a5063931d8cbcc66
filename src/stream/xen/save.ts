/** A Xen stream as a whole: what it says about its guest, with the pages passed by and not kept. */
import type { TimePage } from '../../math/read.js'
import { type OnRead, StreamFile } from '../file.js'
import { DomainType, LibxcRecord, libxcNames, libxlNames, OPTIONAL, PAGE_TYPES } from './format.js'
import { type HvmRecord, readHvmContext } from './hvm.js'
import type { LibxcHeader, LibxlHeader, StreamRecord, XlHeader } from './item.js'
import { readXenStream } from './read.js'
import * as records from './records.js'
import { TimePageSearch } from './time-page.js'

/** A record, or PAGE_DATA records that follow each other. */
export interface RecordSeen {
  readonly layer: 'libxl' | 'libxc'
  readonly type: number
  /** `optional 0x80000001` for one that was passed over. */
  readonly name: string
  readonly at: number
  /** Of its body; of the bodies together. */
  readonly length: number
  /** More than 1: so many PAGE_DATA records. */
  readonly count: number
}

export interface Vcpu {
  readonly id: number
  basic: ReturnType<typeof records.readVcpuBasic> | null
  extended: ReturnType<typeof records.readVcpuExtended> | null
  xsave: ReturnType<typeof records.readVcpuXsave> | null
  msrs: readonly records.Msr[] | null
}

export interface XenSave {
  readonly fileName: string
  readonly size: number
  readonly xl: XlHeader | null
  readonly libxl: LibxlHeader | null
  readonly libxc: LibxcHeader
  readonly hvm: boolean
  /** The domain's configuration, as libxl wrote it; null: there is none, or not as JSON. */
  readonly config: unknown
  readonly records: readonly RecordSeen[]
  readonly pv: records.PvInfo | null
  readonly p2m: ReturnType<typeof records.readP2mFrames> | null
  readonly tsc: (records.TscInfo & { readonly at: number }) | null
  readonly sharedInfo: (records.SharedInfo & { readonly at: number }) | null
  readonly vcpus: readonly Vcpu[]
  readonly hvmContext: { readonly at: number; readonly records: readonly HvmRecord[] } | null
  readonly hvmParams: ReadonlyMap<bigint, bigint> | null
  readonly msrPolicy: readonly records.Msr[]
  /** Entries of PAGE_DATA by type: `NOTAB`. */
  readonly pageTypes: ReadonlyMap<string, number>
  readonly pagesWithData: number
  /** What in the guest's memory may be a time page. */
  readonly search: TimePageSearch
}

/** Reads a stream to its end. Throws StreamError. */
export function readXenSave(path: string, onRead?: OnRead): XenSave {
  const file = new StreamFile(path, onRead)
  try {
    return new Collector(file).save()
  } finally {
    file.close()
  }
}

/** Of vcpu_info[0] in SHARED_INFO; null in a stream without that record. */
export function sharedTimePage({ sharedInfo }: XenSave): TimePage | null {
  return sharedInfo?.time[0] ?? null
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

class Collector {
  readonly #file: StreamFile
  readonly #search = new TimePageSearch()
  readonly #records: RecordSeen[] = []
  readonly #vcpus = new Map<number, Vcpu>()
  readonly #pageTypes = new Map<string, number>()
  readonly #is: Mutable<Partial<XenSave>> = {}
  #pages = 0

  constructor(file: StreamFile) {
    this.#file = file
  }

  save(): XenSave {
    for (const item of readXenStream(this.#file)) {
      if (item.kind === 'page') {
        this.#pages++
        this.#search.look(records.pfnOf(item.entry), item.bytes, item.at!)
      } else if (item.kind === 'pages') this.#batch(item.pfns, item.at!)
      else if (item.kind === 'xl-header') this.#is.xl = item
      else if (item.kind === 'libxl-header') this.#is.libxl = item
      else if (item.kind === 'libxc-header') this.#is.libxc = item
      else this.#record(item)
    }
    const { xl = null, libxl = null, libxc } = this.#is
    if (!libxc) return this.#file.refuse(null, 'there is no guest in it; expected a record LIBXC_CONTEXT')
    return {
      pv: null,
      p2m: null,
      tsc: null,
      sharedInfo: null,
      hvmContext: null,
      hvmParams: null,
      msrPolicy: [],
      ...this.#is,
      fileName: this.#file.path,
      size: this.#file.size,
      xl,
      libxl,
      libxc,
      hvm: libxc.domainType === DomainType.hvm,
      config: xl && configOf(xl),
      records: this.#records,
      vcpus: [...this.#vcpus.values()],
      pageTypes: this.#pageTypes,
      pagesWithData: this.#pages,
      search: this.#search,
    }
  }

  #batch(pfns: BigUint64Array, at: number): void {
    const words = new Uint32Array(pfns.buffer, pfns.byteOffset, 2 * pfns.length)
    const counts = new Uint32Array(16)
    for (let i = 1; i < words.length; i += 2) counts[words[i]! >>> 28]!++
    for (const [type, { name }] of PAGE_TYPES) {
      if (counts[type]! > 0) this.#pageTypes.set(name, (this.#pageTypes.get(name) ?? 0) + counts[type]!)
    }
    const last = this.#records.at(-1)
    const seen = {
      layer: 'libxc',
      type: LibxcRecord.PAGE_DATA,
      name: 'PAGE_DATA',
      at,
      length: 0,
      count: 1,
    } as const
    if (last?.type === seen.type && last.layer === 'libxc')
      this.#records.splice(-1, 1, { ...last, count: last.count + 1 })
    else this.#records.push(seen)
  }

  #record({ kind, type, body, at }: StreamRecord): void {
    const layer = kind === 'libxl-record' ? 'libxl' : 'libxc'
    const known = (layer === 'libxl' ? libxlNames : libxcNames).get(type)
    const name = known ?? `optional 0x${type.toString(16)}`
    this.#records.push({ layer, type, name, at: at!, length: body.length, count: 1 })
    if (layer === 'libxl' || type >= OPTIONAL) return
    const refuse: records.RefuseRecord = (detail) => this.#file.refuse(`record ${name} at byte ${at}`, detail)
    this.#decode(type, body, at!, refuse)
  }

  /** A body begins 8 bytes behind its record. */
  #decode(type: number, body: Uint8Array, at: number, refuse: records.RefuseRecord): void {
    const wide = () => this.#width(refuse) === 8
    switch (type) {
      case LibxcRecord.X86_PV_INFO:
        this.#is.pv = records.readPvInfo(body, refuse)
        break
      case LibxcRecord.X86_PV_P2M_FRAMES:
        this.#is.p2m = records.readP2mFrames(body, this.#width(refuse), refuse)
        break
      case LibxcRecord.X86_TSC_INFO:
        this.#is.tsc = { ...records.readTscInfo(body), at: at + 8 }
        break
      case LibxcRecord.SHARED_INFO:
        this.#is.sharedInfo = { ...records.readSharedInfo(body, wide()), at: at + 8 }
        break
      case LibxcRecord.X86_PV_VCPU_BASIC:
        this.#vcpu(body).basic = records.readVcpuBasic(body, wide(), refuse)
        break
      case LibxcRecord.X86_PV_VCPU_EXTENDED:
        this.#vcpu(body).extended = records.readVcpuExtended(body, refuse)
        break
      case LibxcRecord.X86_PV_VCPU_XSAVE:
        this.#vcpu(body).xsave = records.readVcpuXsave(body, refuse)
        break
      case LibxcRecord.X86_PV_VCPU_MSRS:
        this.#vcpu(body).msrs = records.readVcpuMsrs(body).msrs
        break
      case LibxcRecord.HVM_CONTEXT:
        this.#is.hvmContext = { at: at + 8, records: readHvmContext(body, refuse) }
        break
      case LibxcRecord.HVM_PARAMS:
        this.#is.hvmParams = records.readHvmParams(body, refuse)
        break
      case LibxcRecord.X86_MSR_POLICY:
        this.#is.msrPolicy = records.readMsrs(body)
        break
    }
  }

  #width(refuse: records.RefuseRecord): number {
    return this.#is.pv?.guest_width ?? refuse('it comes before X86_PV_INFO; expected that record first')
  }

  #vcpu(body: Uint8Array): Vcpu {
    const id = records.readVcpuId(body)
    const vcpu = this.#vcpus.get(id) ?? { id, basic: null, extended: null, xsave: null, msrs: null }
    this.#vcpus.set(id, vcpu)
    return vcpu
  }
}

/** A length of its own stands before the configuration, and a zero may stand behind it. */
function configOf({ data }: XlHeader): unknown {
  if (data.length < 4) return null
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
  const text = bytes
    .subarray(4, 4 + bytes.readUInt32LE(0))
    .toString('utf8')
    .replace(/\0+$/, '')
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
