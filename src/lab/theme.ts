/** Light or dark: as the system is, or as chosen. The picture's own colours are those of src/draw/theme.ts. */
import { plotStyleOf } from '../draw/theme.js'

export type Theme = 'auto' | 'light' | 'dark'

const NAMES: Readonly<Record<Theme, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' }
const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' }

const sheet = new CSSStyleSheet()
const dark = matchMedia('(prefers-color-scheme: dark)')

export const themeName = (theme: Theme): string => NAMES[theme]
export const nextTheme = (theme: Theme): Theme => NEXT[theme]

/** Returns what ends it. */
export function applyTheme(theme: Theme): () => void {
  const apply = () => {
    const shown = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme
    document.documentElement.dataset.theme = shown
    sheet.replaceSync(plotStyleOf(shown))
  }
  apply()
  document.adoptedStyleSheets = [sheet]
  dark.addEventListener('change', apply)
  return () => dark.removeEventListener('change', apply)
}
