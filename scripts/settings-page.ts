/** Writes the contents of `--help` into docs/settings.md. `npm run format` runs it, a test checks it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultOf, exitCodes, GROUPS, meaningOf, onlyFor, SWITCH_MEANINGS } from '../src/settings/help.ts'
import { PROGRAM } from '../src/commands/commands.ts'
import { OPTIONS } from '../src/settings/options.ts'
import { ROOT } from './checks/files.ts'
import { between, markdownTable } from './generated.ts'

/** A table for each group, and everything else that `--help` lists. */
export function withSettings(page: string): string {
  const groups = Object.entries(GROUPS).map(([group, heading]) => {
    const rows = OPTIONS.filter((option) => option.group === group).map((option) => {
      const only = onlyFor(option, PROGRAM)
      const names = option.lowerCase === true ? [option.name, option.name.toLowerCase()] : [option.name]
      return [
        names.map((name) => `\`${name}\``).join(' or '),
        marked(defaultOf(option).replace(/^default: /, '')),
        marked(`${only === undefined ? '' : `${only}: `}${meaningOf(option)}`),
      ]
    })
    return `\n## ${heading}\n\n${markdownTable(['setting', 'default', 'meaning'], rows)}`
  })
  const switches = Object.entries(SWITCH_MEANINGS).map(([name, meaning]) => [`\`${name}\``, meaning])
  return between(
    page,
    'settings',
    [
      ...groups,
      `\n## Flags without a value\n\n${markdownTable(['flag', 'meaning'], switches)}`,
      `\n## Exit codes\n\nA deadline that ran out has the code of its stage.\n\n${markdownTable(['code', 'meaning'], exitCodes())}\n`,
    ].join(''),
  )
}

/** Marks as code anything that is not English: names of settings, and text that Markdown would take for markup. */
function marked(text: string): string {
  return text.replaceAll(/(?<![^\s(])[^\s(]*[\\<>*_~[][^\s)]*?(?=(?:'s|[;,:.)])*(?:\s|$))/g, '`$&`')
}

if (import.meta.main) {
  const path = join(ROOT, 'docs/settings.md')
  writeFileSync(path, withSettings(readFileSync(path, 'utf8')))
}
