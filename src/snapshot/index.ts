export {
  continuation,
  type RestoreOptions,
  restoreSnapshot,
  type TakeOptions,
  takeSnapshot,
} from './continue.js'
export { SnapshotError } from './error.js'
export {
  loadSnapshot,
  loadSnapshotAsync,
  type ScenarioSource,
  type Snapshot,
  saveSnapshot,
  saveSnapshotAsync,
} from './guest.js'
export { loadMachine, saveMachine } from './machine.js'
export type { SaveOptions } from './write.js'
