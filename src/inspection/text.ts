/** A step of an inspection as text, for a person whose pod does not work. */
import type { Fact } from '../run/watch.ts'
import { timestamp } from '../text/time.ts'
import { distanceText } from './instant.ts'
import type { CheckStep } from './step.ts'

const STATES = { ok: 'ok', failed: 'FAILED', skipped: 'skipped' } as const
const WIDTH = 100
/** Width of a step's state and of a block's label. */
export const COLUMN = 9

type Row = readonly [name: string, value: string]

export function stepText(step: CheckStep, nowMs: number): string {
  const { title, how, state, lacks, given = [], sent, found, warnings, error } = step
  const heading = `${STATES[state].padEnd(COLUMN)}${title}${lacks === undefined ? '' : `: no ${lacks}`}`
  const rows = (facts: CheckStep['sent']): Row[] =>
    Object.entries(facts).flatMap(([fact, value]): Row[] =>
      value === undefined ? [] : [[fact.replaceAll('_', ' '), factText(value, nowMs)]],
    )
  const blocks: readonly (readonly [label: string, rows: readonly Row[]])[] = [
    ['given', given.map((one): Row => [`${one.name} (${one.origin})`, one.text ?? '(not shown)'])],
    [how === 'reads' ? 'read' : 'sent', rows(sent)],
    ['found', rows(found)],
  ]
  const column = Math.max(0, ...blocks.flatMap(([, each]) => each.map(([fact]) => fact.length))) + 2
  const lines = blocks.flatMap(([label, each]) =>
    each.flatMap(([fact, value], index) =>
      hanging(`${margin(index === 0 ? label : '')}${fact.padEnd(column)}`, value),
    ),
  )
  for (const warning of warnings) lines.push(...hanging(margin('warning'), warning))
  if (error !== undefined) {
    lines.push(...hanging(margin('error'), error.message))
    for (const problem of error.problems) lines.push(...hanging(margin(''), problem))
    if (error.hint !== undefined) lines.push(...hanging(margin('hint'), error.hint))
  }
  return [heading, ...lines, ''].join('\n')
}

function margin(label: string): string {
  return `${' '.repeat(COLUMN)}${label.padEnd(COLUMN)}`
}

function factText(fact: Fact, nowMs: number): string {
  if (fact instanceof Date) return `${timestamp(fact.getTime())}, ${distanceText(fact, nowMs)}`
  if (typeof fact === 'boolean') return fact ? 'yes' : 'no'
  if (typeof fact === 'object') return fact.map(memberText).join(', ') || 'none'
  return String(fact)
}

/** In brackets if it has commas, as a subject does. */
function memberText(member: string): string {
  return member.includes(',') ? `[${member}]` : member
}

/** Wraps at 100 columns with a hanging indent; a longer word stays whole. */
function hanging(head: string, text: string): string[] {
  const room = WIDTH - head.length
  const lines: string[] = []
  let line = ''
  // A name chosen by a server or a file must not start a line or move the cursor.
  for (const word of text.replace(/\p{Cc}+/gu, ' ').split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((each, index) => `${index === 0 ? head : ' '.repeat(head.length)}${each}`.trimEnd())
}
