/** The page comes up: what its address holds, else the story of BUG 1282. */
import './style/base.css'
import './style/page.css'
import './style/picture.css'
import './style/tables.css'
import './style/editor.css'
// Its rules are for little room: they come after what they change.
import './style/narrow.css'
import { render } from 'preact'
import { App } from './app.js'
import { Lab } from './lab.js'

/** Remembers that the story was seen; a browser that keeps nothing tells it again. */
const SEEN = 'chronovisor-lab-story'

function firstVisit(): boolean {
  try {
    if (localStorage.getItem(SEEN) !== null) return false
    localStorage.setItem(SEEN, '1')
    return true
  } catch {
    return true
  }
}

const lab = new Lab()
const hash = () => location.hash.slice(1)

const place = document.getElementById('page')!
place.replaceChildren()
render(<App lab={lab} />, place)
if (hash() !== '') void lab.follow(hash())
else if (firstVisit()) lab.tell(0)
else void lab.simulate()
addEventListener('hashchange', () => void lab.follow(hash()))
