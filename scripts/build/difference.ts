/** Where two builds of one source differ. */

/** Undefined for equal files; else a sentence with how many bytes differ, and where the first are. */
export function difference(one: Buffer, other: Buffer): string | undefined {
  if (one.equals(other)) return undefined
  if (one.length !== other.length) return `one has ${one.length} bytes and the other ${other.length}`
  const places: number[] = []
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) places.push(at)
  const shown = places.slice(0, 8).map((at) => {
    const around = [one, other].map((file) => JSON.stringify(file.toString('latin1', at - 8, at + 24)))
    return `  at ${at}: ${around.join(' and ')}`
  })
  return [`${places.length} of ${one.length} bytes differ:`, ...shown].join('\n')
}
