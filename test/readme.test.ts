import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../scripts/checks/files.ts'
import { podEnv } from '../scripts/demo/pod-env.ts'
import { withHelp } from '../scripts/readme.ts'
import { startStage } from './rig/emulators/stage.ts'

const readme = suite('README and what moved out of it')

readme('has what --help prints in docs/settings.md', () => {
  const text = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')
  assert.ok(text.includes('VAULT_CERT_CN, --vault-cert-cn'))
  assert.is(withHelp(text), text)
})

readme("the demo's init container has the env of the pod spec, and the emulator's address", async () => {
  const text = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8')
  const spec = /initContainers:[^]*?\n {2}containers:/.exec(text)?.[0] ?? ''
  const names = [...spec.matchAll(/^ {8}- \{ name: (\w+), value/gm)].map((found) => found[1] ?? '')
  assert.ok(names.length > 5)
  const stage = await startStage()
  try {
    const demo = Object.keys(podEnv(stage, '/token', '/credentials'))
    // On loopback there is no TLS, and so no CA.
    assert.ok(names.includes('VAULT_CACERT'))
    const expected = [...names.filter((name) => name !== 'VAULT_CACERT'), 'AWS_ENDPOINT_URL_ROLESANYWHERE']
    assert.equal([...demo].sort(), expected.sort())
  } finally {
    await stage.close()
  }
})

readme.run()
