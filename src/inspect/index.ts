export type {
  Changed,
  Detail,
  Format,
  ImpliedPolicy,
  Inspection,
  Resumed,
  ResumedClock,
  Row,
  Section,
} from './format.js'
export { formatOf, formats } from './formats.js'
export { readStreams } from './from.js'
export { changeFile, type Inspected, inspectFile } from './inspect.js'
