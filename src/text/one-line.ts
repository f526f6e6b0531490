/** Text that others wrote, such as a cluster's users, fit to show on a terminal. */

/** Control and format characters, and Unicode's ends of lines: they could start a line, move the cursor or reverse text. */
const UNSEEN = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]`

export function oneLine(text: string): string {
  return text.replace(new RegExp(`${UNSEEN}+`, 'gu'), ' ')
}

/** JSON for programs that a terminal may show as well: such characters are escaped. */
export function plainJson(value: unknown, indent?: number): string {
  const lines = JSON.stringify(value, undefined, indent).split('\n')
  return lines.map((line) => line.replace(new RegExp(UNSEEN, 'gu'), escaped)).join('\n')
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_one, at) => String.raw`\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')
}
