/** How much one scenario may hold. Readers, sleepers, busy phases and vCPUs: as many as a machine has room for. */
export const MAX_HOSTS = 32
export const MAX_GUESTS = 32
/** Looks at clocks by programs of guests. */
export const MAX_CORRECTIONS = 20_000
export const MAX_EVENTS = 4096
/** Of one guest. */
export const MAX_VCPUS = 32
/** Of one guest. */
export const MAX_READERS = 32
/** Of one guest. */
export const MAX_SLEEPERS = 256
/** Of one guest. */
export const MAX_BUSY = 64
/** Of one guest. */
export const MAX_WRITERS = 8
