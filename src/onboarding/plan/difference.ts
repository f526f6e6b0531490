/** One member of a thing that is not as it is wanted, in words. */

export interface Difference {
  readonly name: string
  /** Absent where there is nothing yet. */
  readonly before?: string
  readonly after: string
}

export function displayDifference({ name, before, after }: Difference): string {
  return before === undefined ? `${name}: ${after}` : `${name}: ${before} -> ${after}`
}
