export { PROGRAMS } from './guest.js'
export type { Correction, EventMark, GuestResult, RunResult, Stop } from './result.js'
export type { HostClockValues, SavedGuest, SavedHost, SavedWorld } from './saved.js'
export { type Beginning, type RunOptions, runScenario, World } from './world.js'
