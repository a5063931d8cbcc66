/** The page of one machine: what the address names, else a small guest, runs for a moment. */
import '../style/base.css'
import '../style/page.css'
import '../style/tables.css'
import './machine.css'
import { render } from 'preact'
import { App } from './app.js'
import { Desk } from './desk.js'
import { BUILT_IN } from './guests.js'

const desk = new Desk()

/** `#b64-clocks`, `#b64-clocks@5000000`: a built-in guest, and where it is to stop. */
function follow(): void {
  const [guest, until] = location.hash.slice(1).split('@')
  if (BUILT_IN.some(({ name }) => name === guest)) desk.fill({ guest: guest!, ...(until && { until }) })
  void desk.boot()
}

const place = document.getElementById('page')!
place.replaceChildren()
render(<App desk={desk} />, place)
follow()
addEventListener('hashchange', follow)
