export { type Received, type ReceiveOptions, Receiver, receive } from './destination.js'
export { MigrationError } from './error.js'
export { type Frame, FrameDecoder } from './frame.js'
export { type HostChoice, hostOfScenario } from './host-choice.js'
export { type CodeRecord, defaultJournal, type SourceRecord } from './journal.js'
export { type Origin, type OriginOptions, originOfScenario, originOfSnapshot } from './origin.js'
export { type CopyLimits, DEFAULT_LIMITS, MIN_BANDWIDTH, type Round } from './precopy.js'
export { type Recovered, type RecoverOptions, recoverMigration } from './recover.js'
export { type Address, addressText, isLoopback, parseAddress, type Security } from './secure.js'
export {
  DEFAULT_QUESTIONS,
  DEFAULT_TIMEOUT_MS,
  type Migrated,
  type MigrateOptions,
  migrate,
} from './source.js'
