/** Chance that a seed repeats, and what is drawn by it. */

/** Numbers in [0, 1): a 32-bit state that is stepped by a constant and then mixed (splitmix, as of Steele et al., 2014). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

/** What lies on the way is mostly near its median and has a long tail: log-normal. */
export interface Delay {
  readonly medianMs: number
  /** The logarithm's standard deviation. */
  readonly sigma: number
}

export function drawnMs({ medianMs, sigma }: Delay, random: () => number): number {
  // Box and Muller; 1 - random() is never nothing.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return medianMs * Math.exp(sigma * normal)
}
