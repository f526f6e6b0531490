/** The goals for `serve`, and whether they were met. */
import { quantile } from '../statistics.ts'
import { MODES, type Mode } from './load.ts'
import { QUESTIONS, type Results } from './results.ts'
import { slopeOf } from './trend.ts'

export interface Goal {
  readonly what: string
  readonly limit: string
  readonly found: string
  readonly isMet: boolean
}

const MEDIAN_MS = 1
const IDLE_MIB = 45
/** MiB in 100 renewals, which are two days of one-hour sessions: the uncertainty left by a heap's saw-tooth. */
const GROWTH_MIB = 0.1

/** Their names on pages. */
export const MODE_LABELS: Readonly<Record<Mode, string>> = {
  one: 'one kept connection',
  sixteen: '16 kept connections at once',
  new: 'a new connection for each',
}

export function goals(results: Results): readonly Goal[] {
  const { requests, memory } = results
  const medians = MODES.map((mode) => {
    const slowest = Math.max(...QUESTIONS.map((name) => requests[name][mode].p50Ms))
    return goal(`slowest kind's median, ${MODE_LABELS[mode]}`, slowest, MEDIAN_MS, 'ms', 'below')
  })
  const idle = Math.max(memory.idle.rss, memory.idleAgain.rss)
  return [
    ...medians,
    goal('idle memory (VmRSS), the larger of the two', idle, IDLE_MIB, 'MiB', 'at most'),
    goal('growth per 100 renewals', growthOf(results), GROWTH_MIB, 'MiB', 'at most'),
  ]
}

/**
 * MiB in 100 renewals, by the line through all but the first quarter, in which a heap finds its size.
 * @throws RangeError below two renewals
 */
export function growthOf({ renewals: { rss } }: Pick<Results, 'renewals'>): number {
  return slopeOf(rss.slice(settling(rss.length))) * 100
}

/** How many of these renewals are not judged. */
export function settling(renewals: number): number {
  return Math.floor(renewals / 4)
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

function goal(what: string, found: number, limit: number, unit: string, kind: 'below' | 'at most'): Goal {
  const isMet = kind === 'below' ? found < limit : found <= limit
  return { what, limit: `${kind} ${limit} ${unit}`, found: `${found.toFixed(2)} ${unit}`, isMet }
}
