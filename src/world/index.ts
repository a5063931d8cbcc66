export type { Correction, EventMark, GuestResult, RunResult, Stop } from './result.js'
export { type RunOptions, runScenario, World } from './world.js'
