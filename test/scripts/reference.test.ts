import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { REFERENCE_MODULE, referenceModule } from '../../scripts/reference.ts'
import { REFERENCE } from '../../src/onboarding/vault/reference.ts'

const reference = suite('the files of k8s that the program brings along')

reference('are those of the checkout, byte for byte', () => {
  for (const [name, text] of Object.entries(REFERENCE)) {
    assert.is(text, readFileSync(join(ROOT, 'k8s/vault', name), 'utf8'), name)
  }
})

reference('are written by the script, which has nothing to write', async () => {
  assert.is(
    readFileSync(join(ROOT, REFERENCE_MODULE), 'utf8'),
    await referenceModule(),
    'run node scripts/reference.ts',
  )
})

reference.run()
