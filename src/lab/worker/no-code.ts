/** In the place of src/world/code/guest.ts: scenarios on the page run kernel models; machine code has a page of its own. */

export class CodeGuest {
  constructor(spec: { readonly name: string }) {
    throw new Error(`${spec.name}: the page of scenarios runs no machine code`)
  }
}
