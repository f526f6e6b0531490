/** The goals for injection by policies, and whether they were met. */
import { medianInterval, ratios } from '../statistics.ts'
import type { Run, Samples, SubjectName } from './results.ts'

export interface Goal {
  readonly what: string
  readonly limit: string
  /** The median of the rounds' ratios, and what contains it with a probability of 95 %. */
  readonly ratio: number
  readonly least: number
  readonly most: number
  /** Not clear if the limit is inside the interval. */
  readonly verdict: 'met' | 'missed' | 'not clear'
}

type Quantity = Exclude<keyof Samples, 'p99Ms' | 'webhookCpuMs'>

interface Rule {
  readonly what: string
  readonly of: SubjectName
  readonly base: SubjectName
  readonly quantity: Quantity
  readonly limit: number
  /** Whether the limit itself is too much. */
  readonly isStrict?: boolean
}

/** The webhook is the one with match conditions: the best that a webhook can be for all pods. */
const RULES: readonly Rule[] = [
  {
    what: 'does not ask: median time, × no injection',
    of: 'policies plain',
    base: 'none',
    quantity: 'medianMs',
    limit: 1.1,
    isStrict: true,
  },
  {
    what: 'asks: median time, × webhook',
    of: 'policies asks',
    base: 'webhook asks',
    quantity: 'medianMs',
    limit: 1,
  },
  {
    what: 'asks: CPU time, × webhook',
    of: 'policies asks',
    base: 'webhook asks',
    quantity: 'cpuMs',
    limit: 1,
  },
]

export function goals({ samples }: Pick<Run, 'samples'>): readonly Goal[] {
  return RULES.map(({ what, of, base, quantity, limit, isStrict = false }) => {
    const each = samples[of][quantity].map((value, round) => value / (samples[base][quantity][round] ?? 0))
    const [least, most] = medianInterval(each)
    const { median } = ratios(samples[of][quantity], samples[base][quantity])
    const isWithin = (value: number): boolean => (isStrict ? value < limit : value <= limit)
    return {
      ...{ what, ratio: median, least, most },
      limit: `${isStrict ? 'below' : 'at most'} ${limit.toFixed(2)}`,
      verdict: isWithin(most) ? 'met' : isWithin(least) ? 'not clear' : 'missed',
    }
  })
}
