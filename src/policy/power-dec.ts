/** The parts that Power policies share: DEC, which moves as the guest timebase at which it expires. */
import type { PolicyContext, SavedClocks } from './policy.js'

/** KVM_REG_PPC_DEC_EXPIRY of each vCPU (Linux 5855564c8ab2). An expired one is left out. */
export function saveDec({ power }: PolicyContext): SavedClocks {
  const saved: Record<string, bigint> = {}
  for (let cpu = 0; cpu < power!.vcpus; cpu++) {
    const expiry = power!.decExpiry(cpu)
    if (expiry !== null) saved[`dec_expiry_${cpu}`] = expiry
  }
  return saved
}

/** After the timebase is set: DEC expires at the same guest timebase as before. */
export function restoreDec({ power }: PolicyContext, saved: SavedClocks): void {
  for (let cpu = 0; cpu < power!.vcpus; cpu++) power!.setDecExpiry(cpu, saved[`dec_expiry_${cpu}`] ?? null)
}

/** guestTB + migrationTime * freq, in whole ticks; migrationTime in ns, by the two hosts' wall clocks. */
export function chargedTimebase(guestTimebase: bigint, migrationNs: bigint, hz: bigint): bigint {
  return guestTimebase + (migrationNs * hz) / 1_000_000_000n
}
