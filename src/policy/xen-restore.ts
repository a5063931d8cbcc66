/**
 * The parts that Xen policies share: what a save carries, and the two ways in which toolstacks restored
 * shared_info.
 */
import type { PolicyContext, SavedClocks } from './policy.js'

/** The record X86_TSC_INFO; of an HVM guest also the TSC of its HVM context. */
export function saveTscInfo({ xen }: PolicyContext): SavedClocks {
  return { ...xen!.tscInfo(), ...(xen!.hvm && { tsc: xen!.guestTsc() }) }
}

export function restoreTscInfo({ xen }: PolicyContext, saved: SavedClocks): void {
  xen!.setTscInfo({
    mode: saved.mode!,
    khz: saved.khz!,
    nsec: saved.nsec!,
    incarnation: saved.incarnation!,
  })
  if (xen!.hvm && saved.tsc !== undefined) xen!.setGuestTsc(saved.tsc)
}

/**
 * The restore before libxc commit 16e00ecd92 (2007-08-08): vCPU contexts first, on which Xen writes this host's
 * wall clock, and then the whole saved shared_info over it; so wc_sec and wc_nsec are the source's again.
 */
export function restoreWholeSharedInfo({ xen }: PolicyContext): void {
  const image = xen!.sharedInfo().slice()
  xen!.updateWallclock()
  xen!.sharedInfo().set(image)
  xen!.publishTime()
}

/**
 * The restore since then: the wall clock fields are this host's. The stream of an HVM guest has no shared_info: that page
 * is Xen's, and new.
 */
export function restoreVcpuAndArch({ xen }: PolicyContext): void {
  const page = xen!.sharedInfo()
  xen!.restoreSharedInfo(xen!.hvm ? new Uint8Array(page.length) : page.slice())
  xen!.updateWallclock()
  xen!.publishTime()
}

/** 2008: no emulation of RDTSC yet, so every domain is native (tsc_mode 2 of today). */
export function bootNative({ xen }: PolicyContext): void {
  xen!.setTscInfo({ mode: 2n, khz: 0n, nsec: 0n, incarnation: 0n })
}
