/** zod's issues to the one error that is shown: the first in the file, in words, with its place. */
import type { z } from 'zod'
import { type Located, locate } from './document.js'
import { ScenarioError } from './error.js'
import { isWhole } from './fields.js'
import { label } from './places.js'
import { ACTION_KEYS } from './schema.js'
import { didYouMean } from './suggest.js'
import type { Position } from './types.js'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

interface Problem {
  readonly position: Position
  readonly detail: string
  /** A key that is not there comes after all that is: a mistyped key makes both, and the typing is to blame. */
  readonly missing?: true
}

export function firstProblem(issues: readonly Issue[], root: Located, fileName: string): ScenarioError {
  const first = firstOf(issues, [], root)
  return new ScenarioError(fileName, first.position, first.detail)
}

function firstOf(issues: readonly Issue[], prefix: Path, root: Located): Problem {
  return issues.map((issue) => problemOf(issue, prefix, root)).reduce((a, b) => (isBefore(b, a) ? b : a))
}

function isBefore(a: Problem, b: Problem): boolean {
  if (a.missing !== b.missing) return b.missing === true
  const [p, q] = [a.position, b.position]
  return p.line < q.line || (p.line === q.line && p.column < q.column)
}

/** `prefix`: where the union stands whose branch the issue is from. */
function problemOf(issue: Issue, prefix: Path, root: Located): Problem {
  const path = [...prefix, ...issue.path]
  const at = locate(root, path)
  if (!at) return missing(issue, path, root)
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKey(issue.keys, issue.message.split(', '), at, path)
    case 'invalid_key': {
      const form = issue.issues[0]!.message
      return {
        position: at.keyPosition,
        detail: `the name ${show(path.at(-1))} is not a valid one; expected ${form}`,
      }
    }
    case 'invalid_union':
      return branchOf(issue, path, at, root)
    case 'too_big':
      // A list that is too long: point at its first item too many.
      if (Array.isArray(at.value)) {
        const extra = at.children.get(Number(issue.maximum)) ?? at
        return {
          position: extra.position,
          detail: `${label(path)} has ${at.value.length} items; expected ${issue.message}`,
        }
      }
      break
  }
  return { position: at.position, detail: describe(issue, path, at.value) }
}

function describe(issue: Issue, path: Path, value: unknown): string {
  if (isWhole(issue.message)) return `${label(path)}: ${issue.message}`
  const form = formOf(issue)
  if (value === null) return `${label(path)} has no value; expected ${form}`
  const near =
    issue.code === 'invalid_value' && typeof value === 'string'
      ? didYouMean(value, issue.values.map(String))
      : ''
  return `${label(path)} is ${show(value)}${near}; expected ${form}`
}

function formOf(issue: Issue): string {
  if (issue.code !== 'invalid_value') return issue.message
  const values = [...new Set(issue.values.map(String))]
  return values.length === 1 ? values[0]! : `one of ${values.join(', ')}`
}

function missing(issue: Issue, path: Path, root: Located): Problem {
  const parent = path.slice(0, -1)
  const owner = locate(root, parent) ?? root
  const detail = `${label(parent)} has no ${show(path.at(-1))}; expected ${formOf(issue)}`
  return { position: owner.keyPosition, detail, missing: true }
}

function unknownKey(unknown: readonly string[], known: readonly string[], at: Located, path: Path): Problem {
  // Of several, the first in the file: an object's own order puts numbers first.
  const key = [...at.children.keys()].find((child) => unknown.includes(String(child)))!
  return {
    position: at.children.get(key)!.keyPosition,
    detail: `${label(path)} has the unknown key ${show(key)}${didYouMean(String(key), known)}; expected one of ${known.join(', ')}`,
  }
}

/** A union is wrong in as many ways as it has branches. Which one was meant shows in the value. */
function branchOf(issue: Issue & { code: 'invalid_union' }, path: Path, at: Located, root: Located): Problem {
  const isMapping = typeof at.value === 'object' && at.value !== null && !Array.isArray(at.value)
  if (path[0] === 'events' && path.length === 2) {
    if (!isMapping)
      return { position: at.position, detail: `${label(path)} is ${show(at.value)}; expected ${EVENT_FORM}` }
    const actions = [...at.children.keys()].filter((key) => ACTION_KEYS.includes(key as never)) as string[]
    const [action, second] = actions
    if (action === undefined) return noAction(at, path)
    if (second !== undefined) {
      const detail = `${label(path)} has two actions, ${show(action)} and ${show(second)}; expected ${EVENT_FORM}`
      return { position: at.children.get(second)!.keyPosition, detail }
    }
    return firstOf(issue.errors[ACTION_KEYS.indexOf(action as never)]!, path, root)
  }
  // A check: `off` or a mapping, in this order.
  const meant = isMapping ? issue.errors.at(-1)! : []
  if (meant.length > 0) return firstOf(meant, path, root)
  return { position: at.position, detail: describe(issue, path, at.value) }
}

const EVENT_FORM = `a mapping with at and exactly one of ${ACTION_KEYS.join(', ')}`

function noAction(at: Located, path: Path): Problem {
  for (const [key, child] of at.children) {
    const near = didYouMean(String(key), ACTION_KEYS)
    if (near) {
      const detail = `${label(path)} has the unknown action ${show(key)}${near}; expected ${EVENT_FORM}`
      return { position: child.keyPosition, detail }
    }
  }
  return { position: at.position, detail: `${label(path)} has no action; expected ${EVENT_FORM}` }
}

/** A value of the file in an error: short, on one line. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  return String(value)
}
