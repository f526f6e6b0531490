/** Points in time, as a check shows them. */

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** Distance from now, such as `in 59 min` or `3 s ago`. */
export function distanceText(moment: Date, nowMs: number): string {
  const ms = moment.getTime() - nowMs
  return ms < 0 ? `${spanText(-ms)} ago` : `in ${spanText(ms)}`
}

/** In the largest unit of which there are at least two. */
export function spanText(ms: number): string {
  const [name, unit] = UNITS.find(([, each]) => ms >= 2 * each) ?? ['s', 1000]
  return `${Math.round(ms / unit)} ${name}`
}
