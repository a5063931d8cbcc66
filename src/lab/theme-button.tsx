/** As the system is, light, or dark. */
import { useEffect, useState } from 'preact/hooks'
import { applyTheme, nextTheme, type Theme, themeName } from './theme.js'

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>('auto')
  useEffect(() => applyTheme(theme), [theme])
  return (
    <button
      type="button"
      id="theme"
      onClick={() => setTheme(nextTheme(theme))}
      aria-label={`Colours: ${themeName(theme)}`}
    >
      {themeName(theme)}
    </button>
  )
}
