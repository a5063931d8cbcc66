/** A console's text as a page shows it. */
import { latin1Bytes } from '../../power/bytes.js'

/** What is shown of a long text; all of it can be saved. */
const SHOWN = 60_000

/** Without what moves a terminal's cursor; characters that were wiped out are gone. */
export function shownText(text: string): string {
  const tail = new TextDecoder().decode(latin1Bytes(text.slice(-SHOWN)))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what terminals are steered with
  let plain = tail.replaceAll(/\x1b(\[[0-9;?]*[A-Za-z]|[^[])/g, '').replaceAll(/[\r\0\x07]/g, '')
  for (let before = ''; before !== plain; ) {
    before = plain
    plain = plain.replaceAll(/[^\n\b][\b]/g, '')
  }
  return plain
}
