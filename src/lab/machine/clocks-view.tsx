/** What the guest says of its clocks, drawn: the Worker does, with the program of src/draw that reports use too. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Desk, State } from './desk.js'

const LEAST_WIDTH = 320
/** Drawn anew that often while it runs, and when it stands, ms. */
const EVERY_MS = 1500

export function Clocks({ desk, state }: { desk: Desk; state: State }) {
  const box = useRef<HTMLDivElement>(null)
  const picture = useRef<HTMLDivElement>(null)
  const width = useWidth(box)
  const { view, picture: drawn } = state
  const isOn = view !== null
  const running = view?.running ?? false
  useEffect(() => {
    if (width === 0 || !isOn) return
    desk.draw(width)
    if (!running) return
    const timer = setInterval(() => desk.draw(width), EVERY_MS)
    return () => clearInterval(timer)
  }, [width, isOn, running, view?.hash])
  useEffect(() => {
    // Its texts are escaped where it is written (src/draw/shapes.ts), and the page runs no inline script.
    if (picture.current) picture.current.innerHTML = drawn?.svg ?? ''
  }, [drawn])
  return (
    <section class="stage" aria-labelledby="clocks-title" hidden={drawn === null}>
      <h2 id="clocks-title">What it says of its clocks, minus true time</h2>
      <div ref={box} class="clocks">
        <div ref={picture} class="picture" />
      </div>
      <details>
        <summary>In words</summary>
        <ul id="clocks-words">
          {drawn?.words.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      </details>
    </section>
  )
}

function useWidth(box: { readonly current: HTMLDivElement | null }): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    // It is hidden, and has no width, as long as nothing was drawn: its place has.
    const place = box.current!.closest('.column')!
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(LEAST_WIDTH, Math.floor(entry!.contentRect.width) - PADDING)),
    )
    observer.observe(place)
    return () => observer.disconnect()
  }, [])
  return width
}

/** Of the card, both sides, with its border. */
const PADDING = 34
