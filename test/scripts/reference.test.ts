import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { REFERENCE_MODULES } from '../../scripts/reference.ts'
import { TEMPLATES } from '../../src/onboarding/aws/templates.ts'
import { REFERENCE } from '../../src/onboarding/vault/reference.ts'

const reference = suite('the files of k8s that the program brings along')

reference('are those of the checkout, byte for byte', () => {
  for (const [directory, files] of Object.entries({ vault: REFERENCE, aws: TEMPLATES })) {
    for (const [name, text] of Object.entries(files)) {
      assert.is(text, readFileSync(join(ROOT, 'k8s', directory, name), 'utf8'), name)
    }
  }
})

for (const [path, text] of Object.entries(REFERENCE_MODULES)) {
  reference(`${path} is written by the script, which has nothing to write`, async () => {
    assert.is(readFileSync(join(ROOT, path), 'utf8'), await text(), 'run node scripts/reference.ts')
  })
}

reference.run()
