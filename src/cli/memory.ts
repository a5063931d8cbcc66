import { InvalidArgumentError } from 'commander'

export const MIB = 1 << 20

/** A commander argument: memory of a guest of machine code, in bytes. */
export function parseMemory(text: string): number {
  const match = /^(\d+)\s*([MG])iB$/i.exec(text)
  const size = Number(match?.[1]) * (match?.[2]?.toUpperCase() === 'G' ? 1024 : 1)
  if (!(size > 0 && size <= 2048)) throw new InvalidArgumentError('expected 1 MiB to 2 GiB.')
  return size * MIB
}
