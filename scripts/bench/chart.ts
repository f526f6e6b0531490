/** Bars with their quartiles as an SVG that reads on light and on dark pages. */
import type { Summary } from './statistics.ts'
import { number } from './table.ts'

export interface Bar {
  readonly label: string
  readonly summary: Summary
  /** Ours among the others. */
  readonly isOurs: boolean
  /** What it should not exceed. */
  readonly goal?: number
}

export interface Panel {
  readonly title: string
  readonly unit: string
  readonly bars: readonly Bar[]
}

const WIDTH = 760
const LEFT = 270
const RIGHT = 70
const ROW = 30
const HEAD = 44
const FOOT = 14

const STYLE = `text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.bar { fill: #9aa4b2 }
.ours { fill: #2f81f7 }
.spread, .goal { stroke: #24292f; stroke-width: 1.5; fill: none }
.goal { stroke-dasharray: 4 3 }
.note { font-size: 11px; opacity: .8 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #6e7681 }
  .spread, .goal { stroke: #e6edf3 }
}`

export function chart(description: string, panels: readonly Panel[]): string {
  let top = 0
  const drawn = panels.map((panel) => {
    const group = `<g transform="translate(0 ${top})">\n${drawPanel(panel)}</g>\n`
    top += heightOf(panel)
    return group
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img">
<title>${escaped(description)}</title>
<style>
${STYLE}
</style>
${drawn.join('')}</svg>
`
}

function heightOf({ bars }: Panel): number {
  return HEAD + bars.length * ROW + FOOT
}

function drawPanel({ title, unit, bars }: Panel): string {
  const widest = Math.max(...bars.map(({ summary, goal }) => Math.max(summary.high, goal ?? 0)))
  const at = (value: number): number => tenth(LEFT + (value / widest) * (WIDTH - LEFT - RIGHT))
  const rows = bars.map((bar, index) => drawBar(bar, HEAD + index * ROW, at))
  return `<text class="title" x="${LEFT}" y="20">${escaped(title)}, ${escaped(unit)}</text>\n${rows.join('')}`
}

function drawBar({ label, summary, isOurs, goal }: Bar, top: number, at: (value: number) => number): string {
  const middle = top + ROW / 2
  const [low, median, high] = [at(summary.low), at(summary.median), at(summary.high)]
  const end = Math.max(median, high, at(goal ?? 0))
  const limit =
    goal === undefined
      ? ''
      : `<path class="goal" d="M${at(goal)} ${top - 2}v${ROW + 4}"/>
<text class="note" x="${at(goal)}" y="${top - 6}" text-anchor="middle">goal</text>
`
  return `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>
<rect class="${isOurs ? 'ours' : 'bar'}" x="${LEFT}" y="${top + 5}" width="${tenth(median - LEFT)}" height="${ROW - 10}"/>
<path class="spread" d="M${low} ${middle}H${high}M${low} ${middle - 4}v8M${high} ${middle - 4}v8"/>
<text x="${tenth(end + 7)}" y="${middle + 4}">${number(summary.median)}</text>
${limit}`
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
