import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT, sourceFiles } from '../scripts/checks/files.ts'
import { podEnv } from '../scripts/demo/pod-env.ts'
import { withSettings } from '../scripts/settings-page.ts'
import { OPTIONS } from '../src/settings/options.ts'
import { startStage } from './rig/emulators/stage.ts'

const readme = suite('README and what moved out of it')
const page = readFileSync(join(ROOT, 'README.md'), 'utf8')

readme('docs/settings.md has what --help prints, and every setting', () => {
  const text = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')
  assert.is(withSettings(text), text)
  for (const { name } of OPTIONS) assert.match(text, new RegExp(`^\\| \`${name}\`.* \\| .+ \\| .+ \\|$`, 'm'))
})

readme("the demo's init container has the env of the pod spec, and the emulator's address", async () => {
  const text = readFileSync(join(ROOT, 'docs/by-hand.md'), 'utf8')
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

readme('the output of the demo has the messages that the source has', () => {
  // Up to the first word that differs from run to run: an address, a path, an ARN, the time it took.
  const messages = [...page.matchAll(/^✓ (.+?),?(?= \(\d| \/| http|: |, )/gm)].map((found) => found[1] ?? '')
  assert.ok(messages.length >= 8, messages.join())
  const source = sourceFiles(['src', 'scripts'])
    .map(({ text }) => text)
    .join('\n')
  assert.equal(
    messages.filter((message) => !source.includes(message)),
    [],
  )
})

readme('the workload has the label, the values and the component of k8s/', () => {
  const example = readFileSync(join(ROOT, 'k8s/examples/cluster/iam-ra.yaml'), 'utf8')
  const keys = [...example.matchAll(/^ {2}([\w-]+): /gm)].map((found) => found[1] ?? '')
  const given = /^data: \{ (.*) \}$/m.exec(page)?.[1] ?? ''
  const names = [...given.matchAll(/([\w-]+): /g)].map((found) => found[1] ?? '')
  assert.equal(
    names,
    keys.filter((key) => key !== 'name'),
  )
  const component = readFileSync(join(ROOT, 'k8s/base/injection/init-container.yaml'), 'utf8')
  assert.match(page, "labels: { iam-ra/credentials: 'true' }")
  assert.match(component, 'kind: Deployment, labelSelector: iam-ra/credentials=true')
  assert.match(page, '//k8s/base?ref=')
})

readme.run()
