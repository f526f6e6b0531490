/** Puts what `--help` prints into docs/settings.md, so that the two cannot differ. `npm run format` runs it, a test checks it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { helpText } from '../src/settings/help.ts'
import { ROOT } from './checks/files.ts'

export function withHelp(page: string): string {
  return page.replace(
    /(<!-- help -->\n```text\n)[^]*?(```\n<!-- \/help -->)/,
    (_all, before: string, after: string) => `${before}${helpText()}${after}`,
  )
}

if (import.meta.main) {
  const path = join(ROOT, 'docs/settings.md')
  writeFileSync(path, withHelp(readFileSync(path, 'utf8')))
}
