/** A member that differs from what is wanted, in words. */

export interface Difference {
  readonly name: string
  /** Absent if there is nothing yet. */
  readonly before?: string
  readonly after: string
}

export function displayDifference({ name, before, after }: Difference): string {
  return before === undefined ? `${name}: ${after}` : `${name}: ${before} -> ${after}`
}
