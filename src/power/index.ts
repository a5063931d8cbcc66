/** Machines that run Power machine code. */
export { type BootOptions, bootMachine } from './boot.js'
export { COST_CLASSES, type CostClass } from './costs.js'
export { disassemble } from './disassemble.js'
export { ElfError } from './elf.js'
export { TreeError } from './fdt.js'
export { type GdbOptions, serveGdb } from './gdb/server.js'
export {
  CONSOLE,
  initramfs,
  initramfsOf,
  type RamFile,
  ramFile,
  ramFolder,
  ramLink,
} from './initramfs.js'
export {
  MAX_CPUS,
  MODELS,
  type ModelName,
  type PowerEnd,
  PowerMachine,
  type PowerMake,
  type PowerOptions,
  type PowerSnapshot,
  PowerStateError,
} from './machine.js'
export { SavedError } from './saved.js'
