/** How often something may happen for each of many: a few at once, then at a steady rate. */

export interface RateLimits {
  /** How many may happen at once. */
  readonly burst: number
  readonly perSecond: number
  /** How many are counted apart; what was quiet for longest is then forgotten. */
  readonly entries: number
}

export interface Rates {
  /** Whether it may happen once more, which counts if so. */
  take(name: string): boolean
  /** Milliseconds until it may. */
  waitMs(name: string): number
}

interface Level {
  readonly left: number
  readonly atMs: number
}

/** @param elapsed milliseconds that never jump */
export function createRates({ burst, perSecond, entries }: RateLimits, elapsed: () => number): Rates {
  /** The one that was used longest ago comes first. */
  const levels = new Map<string, Level>()
  const leftOf = (name: string): number => {
    const level = levels.get(name)
    return level === undefined
      ? burst
      : Math.min(burst, level.left + ((elapsed() - level.atMs) * perSecond) / 1000)
  }
  return {
    take(name) {
      const left = leftOf(name)
      if (left < 1) return false
      levels.delete(name)
      levels.set(name, { left: left - 1, atMs: elapsed() })
      const [oldest] = levels.keys()
      if (levels.size > entries && oldest !== undefined) levels.delete(oldest)
      return true
    },
    waitMs: (name) => Math.max(0, ((1 - leftOf(name)) * 1000) / perSecond),
  }
}
