import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { CHART_FILES } from '../../scripts/chart.ts'
import { escaped } from '../../scripts/chart/templates.ts'
import { SETTINGS } from '../../scripts/chart/values.ts'
import { packageJson, ROOT } from '../../scripts/checks/files.ts'

const chart = suite('the Helm chart in k8s/chart')

for (const [path, text] of Object.entries(CHART_FILES)) {
  chart(`${path} is written by the script, which has nothing to write`, async () => {
    assert.is(readFileSync(join(ROOT, path), 'utf8'), await text(), 'run node scripts/chart.ts')
  })
}

chart('has the version of package.json', () => {
  const file = parse(readFileSync(join(ROOT, 'k8s/chart/Chart.yaml'), 'utf8')) as Record<string, unknown>
  assert.is(file['version'], packageJson().version)
  assert.is(file['appVersion'], packageJson().version)
})

chart('writes braces so that Helm prints them', () => {
  assert.is(escaped('a {b} {{c}} {{{d'), 'a {b} {{ "{{" }}c}} {{ "{{{" }}d')
})

chart('has a value for each setting that the policies read, and for no other', () => {
  const policies = readFileSync(join(ROOT, 'k8s/injection/inject.yaml'), 'utf8')
  const read = [
    ...policies.matchAll(/variables\.cluster\[\?'([a-z0-9-]+)'/g),
    ...policies.matchAll(/params\.\?data\[\?'([a-z0-9-]+)'/g),
  ].map(([_all, name = '']) => name)
  assert.ok(read.length > 20)
  // The first is made of three values, the second is the chart's own.
  const expected = new Set(read.filter((name) => name !== 'image' && name !== 'unannotated'))
  assert.match(policies, "'profile-arn.' +")
  assert.equal(Object.keys(SETTINGS).toSorted(), [...expected, 'profile-arn.ROLE'].toSorted())
})

chart('gives the agent each setting that its DaemonSet reads', () => {
  const keys = [...readFileSync(join(ROOT, 'k8s/agent/daemon-set.yaml'), 'utf8').matchAll(/key: ([a-z-]+)/g)]
  assert.ok(keys.length > 6)
  const helpers = readFileSync(join(ROOT, 'k8s/chart/templates/_helpers.tpl'), 'utf8')
  const [, data = ''] = /define "iam-ra.agentData"([^]*?)define/.exec(helpers) ?? []
  for (const [, key = ''] of keys) assert.ok(data.includes(`"${key}"`) || data.includes(`${key}: `), key)
})

chart('accepts the modes that the policies do', () => {
  const policies = readFileSync(join(ROOT, 'k8s/injection/inject.yaml'), 'utf8')
  const says = /variables\.mode \+ "', but must be ([a-z, ]+)"/.exec(policies)?.[1] ?? ''
  assert.equal(SETTINGS['mode']?.schema['enum'], says.split(/, | or /))
})

chart('checks values as the policies do', () => {
  const policies = readFileSync(join(ROOT, 'k8s/injection/inject.yaml'), 'utf8')
  for (const name of ['anchor-arn', 'profile-arn', 'audience', 'file-mode', 'metadata-region'])
    assert.ok(policies.includes(`r'${String(SETTINGS[name]?.schema['pattern'])}'`), name)
})

chart.run()
