import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const keys = suite('keys')
const folder = new URL('../keys/', import.meta.url)
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.pem'))
  .map((file) => file.replace(/\.pem$/, ''))
const text = (path: string): string => readFileSync(new URL(path, folder), 'utf8')

keys('each file is used by a test', () => {
  const cases = text('../certificate/mounted-cases.ts')
  assert.equal(
    names.filter((name) => !cases.includes(`'${name.replace(/^(secp256k1|rsa-pss)-pkcs8$/, '$1')}'`)),
    [],
  )
})

keys('the README has one row for each file and none for others', () => {
  const rows = [...text('README.md').matchAll(/^\| `([\w-]+)\.pem` \|/gm)].map((match) => match[1])
  assert.equal(rows.toSorted(), names.toSorted())
})

keys('the recipe makes each file and no other', () => {
  const made = /^made=\(([^)]*)\)/m.exec(text('recipe.sh'))?.[1]?.trim().split(/\s+/) ?? []
  assert.equal(made.toSorted(), names.toSorted())
})

keys.run()
