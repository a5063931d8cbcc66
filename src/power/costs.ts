/** What instructions cost. By itself, so that a machine can be made without the table of all instructions. */

/** Classes of the cost model, in the order of their numbers in the core. */
export const COST_CLASSES = [
  'integer',
  'multiply',
  'divide',
  'rotate',
  'cr',
  'branch',
  'load',
  'store',
  'multiple',
  'reserve',
  'cache',
  'sync',
  'trap',
  'system',
  'float',
  'vector',
] as const
export type CostClass = (typeof COST_CLASSES)[number]
