/** docs/kubernetes.md quotes messages: each must be one that src still has, and no exit code may be missing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT, sourceFiles } from '../../scripts/checks/files.ts'
import { EXIT_CODES } from '../../src/errors.ts'

const table = suite('the troubleshooting table')

const PAGE = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8')
const MARKED = /<!-- messages -->\n([\s\S]*?)<!-- \/messages -->/.exec(PAGE)?.[1] ?? ''
const ROWS = MARKED.trim()
  .split('\n')
  .filter((line) => /^\| (?:\d|128)/.test(line))
  .map((line) => {
    const [, exit = '', says = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    return { exit, says }
  })
// In src the words of Vault and AWS stand in patterns that ignore case.
const SOURCE = sourceFiles(['src'])
  .map(({ text }) => text)
  .join('\n')
  .toLowerCase()

table('quotes nothing that the program no longer says', () => {
  const quotes = ROWS.flatMap(({ says }) => [...says.matchAll(/`([^`]+)`/g)].map(([, quote = '']) => quote))
  assert.ok(quotes.length > 60, `${quotes.length} quotes were found`)
  const unknown = quotes.filter((quote) => !SOURCE.includes(quote.toLowerCase()))
  assert.equal(unknown, [])
})

table('has a row for each exit code', () => {
  const expected = ['0', ...Object.values(EXIT_CODES).map(String), '128+n']
  assert.equal([...new Set(ROWS.map(({ exit }) => exit))], expected)
})

table.run()
