import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../scripts/checks/files.ts'
import { podEnv } from '../scripts/demo/pod-env.ts'
import { withHelp, withSettings } from '../scripts/readme.ts'
import { OPTIONS } from '../src/settings/options.ts'
import { startStage } from './rig/emulators/stage.ts'

const readme = suite('README')
const text = readFileSync(join(ROOT, 'README.md'), 'utf8')

readme('has what --help prints', () => {
  assert.ok(text.includes('VAULT_CERT_CN, --vault-cert-cn'))
  assert.is(withHelp(text), text)
})

readme('and docs/settings.md, which has every setting', () => {
  const page = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')
  assert.is(withSettings(page), page)
  for (const { name } of OPTIONS) assert.match(page, new RegExp(`^\\| \`${name}\`.* \\| .+ \\| .+ \\|$`, 'm'))
})

readme("the demo's init container has the env of the pod spec, and the emulator's address", async () => {
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
