/** A page of the lab book, docs/lab: its tables are between marks, and their data is next to it as JSON. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import { between } from '../generated.ts'

export interface LabPage<Results> {
  readonly page: string
  readonly data: string
  /** The text of the page between `<!-- mark -->` and `<!-- /mark -->`. */
  readonly blocks: (results: Results) => Readonly<Record<string, string>>
}

/** @param name of the page and of its data, without their extensions */
export function labPage<Results>(name: string, blocks: LabPage<Results>['blocks']): LabPage<Results> {
  const path = join(ROOT, 'docs/lab', name)
  return { page: `${path}.md`, data: `${path}.json`, blocks }
}

/** @throws Error if the page has no section for a block */
export function withBlocks(page: string, blocks: Readonly<Record<string, string>>): string {
  return Object.entries(blocks).reduce((text, [mark, block]) => between(text, mark, block), page)
}

export function resultsOf<Results>({ data }: LabPage<Results>): Results {
  return JSON.parse(readFileSync(data, 'utf8')) as Results
}

export function factList(facts: Readonly<Record<string, string>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `- ${name}: ${value}\n`)
    .join('')
}
