/**
 * chronovisor as a library: load or parse a scenario, run it, judge what the guests saw.
 *
 * @example
 *     import { judge, loadScenarioFile, runScenario } from 'chronovisor'
 *     const result = runScenario(await loadScenarioFile('case.yaml'))
 *     for (const check of judge(result)) console.log(check.id, check.verdict, check.message)
 */
export * from './check/index.js'
export { type Exit, type GuestImage, Machine, RunState } from './core/machine.js'
export { type Drawing, describeDrawing, drawingOf, drawingSvg, type SvgOptions } from './draw/index.js'
export * from './inspect/index.js'
export * from './migration/index.js'
export * from './observation/log.js'
export * from './policy/clocks.js'
export {
  builtInPolicy,
  type ClockPolicy,
  defaultPolicy,
  PolicyError,
  policies,
  policyNames,
  resolvePolicy,
} from './policy/index.js'
export type { PolicyContext, SavedClocks } from './policy/policy.js'
export * from './power/index.js'
export * from './replay/index.js'
export * from './scenario/index.js'
export * from './snapshot/index.js'
export { StreamError } from './stream/error.js'
export { StreamFile } from './stream/file.js'
export type { StreamHost, StreamTime } from './stream/time.js'
export type { Item as XenItem } from './stream/xen/item.js'
export { readXenStream } from './stream/xen/read.js'
export { encodeStream } from './stream/xen/write.js'
export { runSampled, type Sampled, traceEndings, writeTrace } from './trace/index.js'
export * from './world/index.js'
