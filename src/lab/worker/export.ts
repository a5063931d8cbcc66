/** Files of a run. */
import { drawingSvg, errorNs } from '../../draw/index.js'
import type { ExportKind, Window } from '../protocol.js'
import type { SideRun } from './session.js'

export function exported(side: SideRun, kind: ExportKind, window: Window): Uint8Array<ArrayBuffer> {
  switch (kind) {
    case 'svg':
      return utf8(drawingSvg(side.drawing, { ...window, width: 960, bins: side.bins }))
    case 'csv':
      return utf8(csvOf(side))
  }
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** Every reading: true time, guest, clock, what it showed, how far that is off. All ns. */
function csvOf({ drawing }: SideRun): string {
  const lines = ['true_ns,guest,clock,value_ns,off_ns']
  for (const { name, curves } of drawing.guests) {
    for (const curve of curves) {
      for (let k = 0; k < curve.trueNs.length; k++) {
        lines.push(`${curve.trueNs[k]},${name},${curve.name},${curve.valueNs[k]},${errorNs(curve, k)}`)
      }
    }
  }
  return `${lines.join('\n')}\n`
}
