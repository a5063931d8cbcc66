declare module 'vcd-parser' {
  interface Parsed {
    readonly timescale: string
    readonly signal: readonly {
      readonly name: string
      readonly wave: readonly (readonly [string, string])[]
    }[]
  }
  const parser: { parse(content: string): Promise<Parsed> }
  export default parser
}
