/** docs/kubernetes.md quotes messages: each must be one that src still has, and no exit code may be missing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT, sourceFiles } from '../../scripts/checks/files.ts'
import { EXIT_CODES } from '../../src/errors.ts'

const table = suite('the troubleshooting tables')

const PAGE = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8')
const ROWS = [...PAGE.matchAll(/<!-- messages -->\n([\s\S]*?)<!-- \/messages -->/g)].flatMap(
  ([, table = '']) => {
    const [, , ...rows] = table.trim().split('\n')
    return rows.map((line) => {
      const [, where = '', says = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
      return { where, says }
    })
  },
)
/** Of the first table; those of a sidecar, which does not exit, say who is to be listened to. */
const EXITS = ROWS.map(({ where }) => where).filter((where) => /^(?:\d|128)/.test(where))
// In src the words of Vault and AWS stand in patterns that ignore case.
const SOURCE = sourceFiles(['src'])
  .map(({ text }) => text)
  .join('\n')
  .toLowerCase()

table('quote nothing that the program no longer says', () => {
  const quotes = ROWS.flatMap(({ says }) => [...says.matchAll(/`([^`]+)`/g)].map(([, quote = '']) => quote))
  assert.ok(quotes.length > 110, `${quotes.length} quotes were found`)
  const unknown = quotes.filter((quote) => !SOURCE.includes(quote.toLowerCase()))
  assert.equal(unknown, [])
})

table('have a row for each exit code', () => {
  const expected = ['0', ...Object.values(EXIT_CODES).map(String), '128+n']
  assert.equal([...new Set(EXITS)], expected)
})

table.run()
