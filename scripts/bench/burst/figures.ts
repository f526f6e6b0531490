/** Formats numbers for the tables. */

export function times(ratio: number): string {
  return ratio.toFixed(2)
}

export function perSuccess(count: number, successes: number): string {
  return successes === 0 ? '–' : (count / successes).toFixed(1)
}
