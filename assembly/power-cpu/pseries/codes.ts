/** What hypercalls answer in r3, and RTAS calls in their first word (LoPAPR 1.1, 14.5.1 and 7.2). */
export const H_SUCCESS: u64 = 0
export const H_HARDWARE: u64 = <u64>(-1)
export const H_FUNCTION: u64 = <u64>(-2)
export const H_PRIVILEGE: u64 = <u64>(-3)
export const H_PARAMETER: u64 = <u64>(-4)
export const H_RESOURCE: u64 = <u64>(-16)
export const H_P2: u64 = <u64>(-55)
export const H_P3: u64 = <u64>(-56)
export const H_P4: u64 = <u64>(-57)
export const H_UNSUPPORTED_FLAG: u64 = <u64>(-256)

export const RTAS_SUCCESS: i32 = 0
export const RTAS_NO_ERRORS_FOUND: i32 = 1
export const RTAS_HW_ERROR: i32 = -1
export const RTAS_PARAM_ERROR: i32 = -3
export const RTAS_NOT_SUPPORTED: i32 = -3
export const RTAS_NOT_AUTHORIZED: i32 = -9002
