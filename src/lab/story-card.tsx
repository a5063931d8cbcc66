/** The story, step by step, beside what it tells of. */
import type { Lab } from './lab.js'
import { STORY } from './story.js'

export function StoryCard({ lab, told }: { lab: Lab; told: number }) {
  const { title, text } = STORY[told]!
  const last = told === STORY.length - 1
  return (
    <section class="story" aria-label="The story of BUG 1282">
      <div aria-live="polite">
        <p class="count">
          BUG 1282, {told + 1} of {STORY.length}
        </p>
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
      <div class="buttons">
        <button type="button" onClick={() => lab.tell(null)}>
          {last ? 'Close' : 'Skip'}
        </button>
        <button type="button" disabled={told === 0} onClick={() => lab.tell(told - 1)}>
          Back
        </button>
        {!last && (
          <button type="button" class="main" id="story-next" onClick={() => lab.tell(told + 1)}>
            Next
          </button>
        )}
      </div>
    </section>
  )
}
