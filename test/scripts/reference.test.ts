import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { MODULES, moduleText } from '../../scripts/reference.ts'
import { TEMPLATES } from '../../src/onboarding/aws/templates.ts'
import { REFERENCE } from '../../src/onboarding/vault/reference.ts'

const reference = suite('the files of k8s that the program brings along')

reference('are those of the checkout, byte for byte', () => {
  for (const [directory, texts] of [
    ['k8s/vault', REFERENCE],
    ['k8s/aws', TEMPLATES],
  ] as const) {
    for (const [name, text] of Object.entries(texts)) {
      assert.is(text, readFileSync(join(ROOT, directory, name), 'utf8'), name)
    }
  }
})

reference('are written by the script, which has nothing to write', async () => {
  for (const one of MODULES) {
    const text = readFileSync(join(ROOT, one.path), 'utf8')
    assert.is(text, await moduleText(one), 'run node scripts/reference.ts')
  }
})

reference.run()
