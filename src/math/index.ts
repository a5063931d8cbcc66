/**
 * The arithmetic laboratory: what Xen, KVM, QEMU and Linux compute for guest time, step by step and exactly. Every
 * figure comes from the WebAssembly core; errors are exact fractions beside it.
 *
 * @example
 *     import { scale } from 'chronovisor/math'
 *     const { toNs, drift } = scale(2_400_000_000n)
 *     console.log(toNs.xen.mul, toNs.xenError.ppb, drift.onePage.perDayNs)
 */

export * from './domain-tsc.js'
export {
  type ExportKind,
  type ExportLanguage,
  type ExportRequest,
  exportKinds,
  exportLanguages,
  exportVectors,
} from './export/index.js'
export type { Fraction } from './fraction.js'
export { MathError } from './limits.js'
export * from './ratio.js'
export * from './read.js'
export {
  type BothScales,
  type Drift,
  type Horizon,
  type RateError,
  type Scale,
  type ScaleReport,
  scale,
} from './scale.js'
export * from './survey.js'
export * from './timebase.js'
export {
  type Mismatch,
  type RecordingKind,
  recordingKinds,
  type VerifyResult,
  verifyFile,
} from './verify/index.js'
