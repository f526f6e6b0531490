import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const certs = suite('certs')
const folder = new URL('../certs/', import.meta.url)
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.pem'))
  .map((file) => file.replace(/\.pem$/, ''))
const text = (path: string): string => readFileSync(new URL(path, folder), 'utf8')

certs('each file is used by a test', () => {
  const tests = ['chain', 'checks'].map((name) => text(`../certificate/${name}.test.ts`)).join('\n')
  const helpers = text('read.ts')
  assert.equal(
    names.filter((name) => !`${tests}${helpers}`.includes(`'${name}'`)),
    [],
  )
})

certs('the README has one row for each file and none for others', () => {
  const rows = [...text('README.md').matchAll(/^\| `([\w-]+)\.pem` \|/gm)].map((match) => match[1])
  assert.equal(rows.toSorted(), names.toSorted())
})

certs('the recipe makes each file and no other', () => {
  const made = /^made=\(([^)]*)\)/m.exec(text('recipe.sh'))?.[1]?.trim().split(/\s+/) ?? []
  assert.equal(made.toSorted(), names.toSorted())
})

certs('no file holds a private key', () => {
  assert.ok(names.length > 50)
  for (const name of names) assert.not.match(text(`${name}.pem`), /PRIVATE/)
})

certs.run()
