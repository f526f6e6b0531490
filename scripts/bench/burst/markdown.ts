/** Tables as the documents have them, between markers. */

export function inMarkdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  return `${lines.join('\n')}\n`
}

/** Puts `text` between the page's two comments of that name. */
export function between(page: string, mark: string, text: string): string {
  return page.replace(
    new RegExp(`(<!-- ${mark} -->\n)[^]*?(<!-- /${mark} -->)`),
    (_all, before: string, after: string) => `${before}\n${text}\n${after}`,
  )
}

export function times(ratio: number): string {
  return ratio.toFixed(2)
}

export function perSuccess(count: number, successes: number): string {
  return successes === 0 ? '–' : (count / successes).toFixed(1)
}
