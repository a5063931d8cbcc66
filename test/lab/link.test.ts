import { describe, expect, it } from 'vitest'
import { decodeLink, encodeLink, type LinkState } from '../../src/lab/link.js'

const deflated = async (value: unknown): Promise<string> => {
  const stream = new Blob([typeof value === 'string' ? value : JSON.stringify(value)])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'))
  return `1.${Buffer.from(await new Response(stream).arrayBuffer()).toString('base64url')}`
}

describe('a link', () => {
  it('to a scenario as it is, is its name', async () => {
    expect(await encodeLink({ name: 'xen-good-lower' })).toBe('xen-good-lower')
    expect(await decodeLink('xen-good-lower')).toEqual({ name: 'xen-good-lower' })
  })

  it.each<LinkState>([
    { name: 'a', text: 'name: ä\ntitle: "…"\n'.repeat(500), policy: 'p', beside: 'q', seed: 0 },
    { name: 'a', from: '0', until: '3155760000000000000', at: '60200000000' },
    { text: '' },
  ])('holds the whole state', async (state) => {
    const hash = await encodeLink(state)
    expect(hash).toMatch(/^1\.[\w-]+$/)
    expect(await decodeLink(hash)).toEqual(state)
  })

  it('is short', async () => {
    expect((await encodeLink({ name: 'a', text: 'uptime: 5000 s\n'.repeat(1000) })).length).toBeLessThan(300)
  })

  it.each(['1.', '1.!!', '1.AAAA', '1.eJyr'])('that is damaged says so: %s', async (hash) => {
    await expect(decodeLink(hash)).rejects.toThrow('this link is damaged')
  })

  it.each<unknown>([
    null,
    [],
    {},
    { name: 1 },
    { name: 'a', at: '-1' },
    { name: 'a', at: 5 },
    { name: 'a', from: '1e3' },
    { name: 'a', seed: 0.5 },
    { name: 'a', seed: -1 },
  ])('that holds something else is refused: %j', async (value) => {
    await expect(decodeLink(await deflated(value))).rejects.toThrow('not one of this page')
  })

  it('that unfolds to more than any scenario is not unfolded', async () => {
    await expect(decodeLink(await deflated(' '.repeat(50 << 20)))).rejects.toThrow('damaged')
  })
})
