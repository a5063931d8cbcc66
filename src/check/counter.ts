/** What a guest thinks of its counter. */
import type { GuestSpec, HostSpec } from '../scenario/types.js'

/** What the guest was told its counter runs at: its own setting, else its first host's. */
export function counterHz(spec: GuestSpec, hosts: readonly HostSpec[]): bigint {
  const host = hosts.find(({ name }) => name === spec.on)
  return spec.timebase?.frequencyHz ?? spec.tsc?.frequencyHz ?? host?.tsc?.frequencyHz ?? 1_000_000_000n
}
