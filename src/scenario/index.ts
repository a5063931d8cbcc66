export { ScenarioError } from './error.js'
export { loadScenarioFile } from './load.js'
export { type ParseOptions, parseScenario } from './parse.js'
export { scenarioJsonSchema } from './schema.js'
export type * from './types.js'
export {
  formatBytes,
  formatDurationNs,
  formatHz,
  formatPpb,
  parseBytes,
  parseDurationNs,
  parseHz,
  parsePpb,
  UnitError,
} from './units.js'
