/** Tables that programs write into documents, between two comments that mark the place. */

/**
 * The page with `text` between `<!-- mark -->` and `<!-- /mark -->`.
 * @throws Error if the page has no such section
 */
export function between(page: string, mark: string, text: string): string {
  const words = mark.replace(/[^\w\s]/g, '\\$&')
  const place = new RegExp(`(<!-- ${words} -->\n)[^]*?(<!-- /${words} -->)`)
  if (!place.test(page)) throw new Error(`the page has no section marked ${mark}`)
  return page.replace(place, (_all, before: string, after: string) => before + text + after)
}

/** @param numbers whether to right-align every column but the first */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { numbers = false } = {},
): string {
  const rule = head.map((_cell, index) => (numbers && index > 0 ? '--:' : '---'))
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
}
