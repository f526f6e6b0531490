/** The known word closest to a mistyped one. */

/** With more edits it is another word. */
const MAX_EDITS = 2

/** The first of the nearest words; undefined if none is near: within two edits, and less than half of the word. */
export function nearest<Word extends string>(typed: string, known: readonly Word[]): Word | undefined {
  const word = typed.toLowerCase()
  let best: { readonly word: Word; readonly edits: number } | undefined
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > MAX_EDITS) continue
    const edits = editsBetween(word, candidate.toLowerCase())
    if (edits > MAX_EDITS || edits * 2 >= candidate.length) continue
    if (best === undefined || edits < best.edits) best = { word: candidate, edits }
  }
  return best?.word
}

/**
 * Letters omitted, added, replaced, or swapped with their neighbour (Damerau–Levenshtein, optimal string alignment:
 * https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance).
 */
export function editsBetween(a: string, b: string): number {
  let [twoUp, up]: [readonly number[], readonly number[]] = [
    [],
    Array.from({ length: b.length + 1 }, (_, j) => j),
  ]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      const edits = [at(up, j) + 1, at(row, j - 1) + 1, at(up, j - 1) + (same ? 0 : 1)]
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits.push(at(twoUp, j - 2) + 1)
      row.push(Math.min(...edits))
    }
    ;[twoUp, up] = [up, row]
  }
  return at(up, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
