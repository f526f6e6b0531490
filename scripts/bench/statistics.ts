/** Summarizes a list of samples. With hyperfine's own statistics the ratio within each round would be lost. */

export interface Summary {
  readonly count: number
  readonly median: number
  /** Quartiles: half of the samples lie between them. */
  readonly low: number
  readonly high: number
}

/** Linear between the two nearest samples. @param share 0 to 1 @throws RangeError without samples */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('no samples')
  const sorted = samples.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? 0
  const above = sorted[Math.ceil(place)] ?? 0
  return below + (above - below) * (place - Math.floor(place))
}

export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    median: quantile(samples, 0.5),
    low: quantile(samples, 0.25),
    high: quantile(samples, 0.75),
  }
}

/** Round by round, so that anything that slows a whole round cancels out. @throws RangeError if the rounds differ */
export function ratios(samples: readonly number[], base: readonly number[]): Summary {
  if (samples.length !== base.length) throw new RangeError('only samples of the same rounds can be compared')
  return summarize(samples.map((sample, round) => sample / (base[round] ?? Number.NaN)))
}

/**
 * Contains the median of what was sampled with a probability of 95 % at least, whatever its distribution: two of the
 * sorted samples, by the binomial distribution (with fewer than six samples, the least and the greatest).
 */
export function medianInterval(samples: readonly number[]): readonly [low: number, high: number] {
  if (samples.length === 0) throw new RangeError('no samples')
  const sorted = samples.toSorted((a, b) => a - b)
  let outside = 0
  let term = 2 * 0.5 ** sorted.length
  let skipped = 0
  while (outside + term <= 0.05) {
    outside += term
    term *= (sorted.length - skipped) / (skipped + 1)
    skipped += 1
  }
  const below = Math.max(0, skipped - 1)
  return [sorted[below] ?? 0, sorted[sorted.length - 1 - below] ?? 0]
}
