/**
 * One picture. The Worker draws it as SVG with the program of src/draw that reports use too; here are the pointer,
 * the fingers and the keys that move it, and what is under the pointer.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { shortAt } from '../check/format.js'
import { PLOT_MARGINS } from '../draw/margins.js'
import type { Lab, State } from './lab.js'
import type { Reading } from './protocol.js'

interface Hover {
  readonly x: number
  readonly atNs: bigint
  readonly readings: readonly Reading[]
}

interface Props {
  readonly lab: Lab
  readonly state: State
  readonly side: number
  readonly words: readonly string[]
}

const LEAST_WIDTH = 320
/** Less than this between down and up is a click, px. */
const CLICK = 4

export function Plot({ lab, state, side, words }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const picture = useRef<HTMLDivElement>(null)
  const width = useWidth(box)
  const [hover, setHover] = useState<Hover | null>(null)
  const { fromNs, untilNs } = lab.window
  useDrawn(lab, state, side, width, picture)
  const gestures = useGestures(lab, box, width, (x, atNs) => {
    setHover((before) => ({ x, atNs, readings: before?.readings ?? [] }))
    lab.client.call('read', { side, atNs }).then(
      (readings) => setHover((now) => now && { ...now, readings }),
      () => {},
    )
  })
  const at = state.atNs
  const isShown = at !== null && at >= fromNs && at <= untilNs
  return (
    <div
      ref={box}
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label="The instant that is looked at, in true time"
      aria-valuemin={0}
      aria-valuemax={Number((state.run?.endNs ?? 0n) / 1_000_000n)}
      aria-valuenow={Number((at ?? 0n) / 1_000_000n)}
      aria-valuetext={at === null ? 'none' : shortAt(at)}
      aria-describedby={`words-${side}`}
      {...gestures}
      onPointerLeave={() => setHover(null)}
      onKeyDown={(event) => {
        if (!keyed(lab, event)) return
        event.preventDefault()
      }}
    >
      <div ref={picture} class="picture" />
      {isShown && <Line kind="pinned" x={xOf(at, fromNs, untilNs, width)} />}
      {hover && <Line kind="hover" x={hover.x} />}
      {hover && hover.readings.length > 0 && <Tip hover={hover} width={width} many={manyGuests(state)} />}
      <p id={`words-${side}`} class="visually-hidden">
        {words.join(' ')}
      </p>
    </div>
  )
}

const manyGuests = ({ run }: State): boolean => (run?.sides[0]?.guests.length ?? 0) > 1

function useWidth(box: { readonly current: HTMLDivElement | null }): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(LEAST_WIDTH, Math.floor(entry!.contentRect.width))),
    )
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [])
  return width
}

/** Has it drawn whenever what it shows is another. The picture before stays until the new one is there. */
function useDrawn(
  lab: Lab,
  state: State,
  side: number,
  width: number,
  picture: { readonly current: HTMLDivElement | null },
): void {
  const { fromNs, untilNs } = lab.window
  useEffect(() => {
    if (width === 0 || !state.run) return
    lab.client.call('draw', { side, width, fromNs, untilNs }).then(
      // Its texts are escaped where it is written (src/draw/shapes.ts), and the page runs no inline script.
      (svg) => {
        if (picture.current) picture.current.innerHTML = svg
      },
      () => {},
    )
  }, [state.serial, side, width, fromNs, untilNs])
}

function Line({ kind, x }: { kind: string; x: number }) {
  return <div class={`line ${kind}`} style={{ transform: `translateX(${x}px)` }} />
}

function Tip({ hover, width, many }: { hover: Hover; width: number; many: boolean }) {
  const left = hover.x > width / 2
  return (
    <div
      class="tip"
      style={left ? { right: `${width - hover.x + 10}px` } : { left: `${hover.x + 10}px` }}
      aria-hidden="true"
    >
      <strong>{shortAt(hover.atNs)}</strong>
      <table>
        <tbody>
          {hover.readings.map(({ guest, name, off }) => (
            <tr key={`${guest} ${name}`}>
              <th>{many ? `${guest} ${name}` : name}</th>
              <td>{off}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

// ---- px and ns

const plotWidth = (width: number): number => Math.max(1, width - PLOT_MARGINS.left - PLOT_MARGINS.right)
const SCALE = 1_000_000

function xOf(atNs: bigint, fromNs: bigint, untilNs: bigint, width: number): number {
  const part = Number(((atNs - fromNs) * BigInt(SCALE)) / (untilNs - fromNs)) / SCALE
  return PLOT_MARGINS.left + part * plotWidth(width)
}

/** The stretch of so many px. */
function nsOf(px: number, widthNs: bigint, width: number): bigint {
  return (widthNs * BigInt(Math.round((px / plotWidth(width)) * SCALE))) / BigInt(SCALE)
}

// ---- pointers

function useGestures(
  lab: Lab,
  box: { readonly current: HTMLDivElement | null },
  width: number,
  hover: (x: number, atNs: bigint) => void,
) {
  const pointers = useRef(new Map<number, number>())
  const moved = useRef(0)
  const xIn = (event: MouseEvent) => event.clientX - box.current!.getBoundingClientRect().left
  const timeAt = (x: number) => {
    const { fromNs, untilNs } = lab.window
    const inside = Math.min(Math.max(x - PLOT_MARGINS.left, 0), plotWidth(width))
    return fromNs + nsOf(inside, untilNs - fromNs, width)
  }
  // Preact listens passively, and a wheel that zooms must not scroll the page as well.
  useEffect(() => {
    const wheel = (event: WheelEvent) => {
      const { fromNs, untilNs } = lab.window
      if (event.ctrlKey || event.metaKey) {
        lab.zoom(Math.exp(event.deltaY / 300), timeAt(xIn(event)))
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        lab.pan(nsOf(event.deltaX || event.deltaY, untilNs - fromNs, width))
      } else return
      event.preventDefault()
    }
    const element = box.current!
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [width])
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return
      pointers.current.set(event.pointerId, xIn(event))
      moved.current = 0
      box.current!.setPointerCapture(event.pointerId)
    },
    onPointerMove: (event: PointerEvent) => {
      const x = xIn(event)
      const before = pointers.current.get(event.pointerId)
      if (before === undefined) {
        hover(x < PLOT_MARGINS.left ? PLOT_MARGINS.left : x, timeAt(x))
        return
      }
      const { fromNs, untilNs } = lab.window
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1]
      moved.current += Math.abs(x - before)
      pointers.current.set(event.pointerId, x)
      if (other !== undefined && Math.abs(x - other) > 8) {
        lab.zoom(Math.abs(before - other) / Math.abs(x - other), timeAt((x + other) / 2))
      } else if (moved.current > CLICK) lab.pan(nsOf(before - x, untilNs - fromNs, width))
    },
    onPointerUp: (event: PointerEvent) => {
      const was = pointers.current.delete(event.pointerId)
      if (was && moved.current <= CLICK) lab.point(timeAt(xIn(event)))
    },
    onPointerCancel: (event: PointerEvent) => {
      pointers.current.delete(event.pointerId)
    },
    onDblClick: () => lab.show(null),
  }
}

// ---- keys

/** Whether the key was one of those. */
function keyed(lab: Lab, { key, shiftKey }: KeyboardEvent): boolean {
  const { fromNs, untilNs } = lab.window
  const width = untilNs - fromNs
  const at = lab.state.atNs ?? fromNs
  const little = width / (shiftKey ? 10n : 100n)
  switch (key) {
    case 'ArrowLeft':
      lab.point(at - little)
      break
    case 'ArrowRight':
      lab.point(at + little)
      break
    case 'PageUp':
      lab.pan(-width / 2n)
      break
    case 'PageDown':
      lab.pan(width / 2n)
      break
    case 'Home':
      lab.point(fromNs)
      break
    case 'End':
      lab.point(untilNs)
      break
    case '+':
    case '=':
      lab.zoom(0.5)
      break
    case '-':
      lab.zoom(2)
      break
    case '0':
      lab.show(null)
      break
    case '.':
      void lab.step(true)
      break
    case ',':
      void lab.step(false)
      break
    default:
      return false
  }
  return true
}
