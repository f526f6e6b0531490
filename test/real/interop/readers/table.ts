/** The tables of docs/readers.md, between its marks. */
import { join } from 'node:path'
import { ROOT } from '../../../../scripts/checks/files.ts'
import { between, markdownTable } from '../../../../scripts/generated.ts'
import { EXISTING_FILES } from '../existing-files.ts'
import { RENEWED, USER_KEYS, type Cell, type Results } from './measure.ts'
import { lackOf } from './pairs.ts'
import { READER_NAMES, specOf, type ReaderName } from './readers.ts'
import { VARIATION_NAMES, VARIATIONS, type VariationName } from './scene.ts'

export const READERS_PAGE = join(ROOT, 'docs/readers.md')

export function withResults(page: string, results: Results): string {
  const tables = {
    readers: readerTable(results),
    ways: waysTable(results),
    further: furtherTable(results),
    files: fileTable(results),
  }
  return Object.entries(tables).reduce((text, [mark, table]) => between(text, mark, `\n${table}\n`), page)
}

function readerTable(results: Results): string {
  const rows = READER_NAMES.map((reader) => [
    reader,
    `\`${specOf(reader).package}\``,
    results[reader].version,
  ])
  return markdownTable(['reader', 'package', 'version'], rows)
}

function waysTable(results: Results): string {
  const rows = READER_NAMES.map((reader) => [
    reader,
    ...VARIATION_NAMES.map((name) => wayInWords(reader, name, results[reader].ways[name])),
  ])
  return markdownTable(['reader', ...VARIATION_NAMES], rows)
}

function furtherTable(results: Results): string {
  const heads = [
    ...USER_KEYS.map((way) => `no token: ${way}`),
    ...RENEWED.map((name) => `renewed: ${VARIATIONS[name].way}`),
    'files read',
  ]
  const rows = READER_NAMES.map((reader) => {
    const { userKeys, renewed, unread } = results[reader]
    const asked = RENEWED.map((name) => renewedInWords(name, renewed[name]))
    const read = EXISTING_FILES.length - unread.length
    return [
      reader,
      ...USER_KEYS.map((way) => inWords(userKeys[way])),
      ...asked,
      `${read} of ${EXISTING_FILES.length}`,
    ]
  })
  return markdownTable(['reader', ...heads], rows)
}

function fileTable(results: Results): string {
  const rows = EXISTING_FILES.map(({ what }) => [
    what,
    READER_NAMES.filter((reader) => results[reader].unread.includes(what)).join(', '),
  ])
  return markdownTable(
    ['credentials file', 'not read by'],
    rows.filter(([, readers]) => readers !== ''),
  )
}

function wayInWords(reader: ReaderName, name: VariationName, cell: Cell): string {
  const words = inWords(cell)
  const lack = lackOf(reader, name)
  return words === 'no' && lack !== undefined ? `no: ${lack}` : words
}

/** What it does at their end is not looked at; a file it would have to read again. */
function renewedInWords(name: VariationName, cell: Cell): string {
  const words = inWords(cell)
  return words === 'no' && name !== 'file' ? 'not yet' : words
}

function inWords(cell: Cell): string {
  if (cell === '–') return '–'
  if (!cell.found) return 'no'
  return cell.needs === undefined ? 'yes' : `with ${cell.needs}`
}

/** Where what was seen is not what readers.ts says: the table would be news to its tests. */
export function surprises(results: Results): string[] {
  return READER_NAMES.flatMap((reader) =>
    VARIATION_NAMES.flatMap((name) => {
      const outcome = results[reader].ways[name]
      const lack = lackOf(reader, name)
      if (outcome.found === (lack === undefined)) return []
      return [
        `${reader}, ${name}: ${outcome.found ? `found the keys, though it ${lack ?? ''}` : outcome.why}`,
      ]
    }),
  )
}
