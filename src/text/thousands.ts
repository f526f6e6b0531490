/** A number for people: `2,048`. */
export function thousands(count: number): string {
  return count.toLocaleString('en-US')
}
