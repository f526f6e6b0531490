import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAllDocuments } from 'yaml'
import { ROOT } from '../../scripts/checks/files.ts'
import { INJECTION_FILES } from '../../scripts/injection.ts'
import { hasAll, literal, quoted, Cel } from '../../scripts/injection/cel.ts'

const injection = suite('the policies of k8s/injection')

for (const [path, text] of Object.entries(INJECTION_FILES)) {
  injection(`${path} is written by the script, which has nothing to write`, async () => {
    assert.is(readFileSync(join(ROOT, path), 'utf8'), await text(), 'run node scripts/injection.ts')
  })
}

// kubernetes#142181: such a value panics each request on API servers before 1.36.5, whatever failurePolicy is.
injection('no policy adds a list of typed objects as a whole', () => {
  const directory = join(ROOT, 'k8s/injection')
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.yaml'),
  )
  assert.ok(files.length > 5)
  for (const name of files)
    assert.not.match(readFileSync(join(directory, name), 'utf8'), /value:\s*\[\s*Object/, name)
})

// kubectl and Helm read YAML 1.1, where `on` is no text.
injection('readers of YAML 1.1 and 1.2 see the same', () => {
  const directory = join(ROOT, 'k8s/injection')
  const read = (text: string, version: '1.1' | '1.2'): unknown[] =>
    parseAllDocuments(text, { version }).map((one) => one.toJS() as unknown)
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.yaml')) continue
    const text = readFileSync(join(directory, name), 'utf8')
    assert.equal(read(text, '1.1'), read(text, '1.2'), name)
  }
})

// A structure works on 1.36 and fails on 1.37.
injection('nothing but texts comes from the parameters', async () => {
  const text = (await INJECTION_FILES['k8s/injection/inject.yaml']?.()) ?? ''
  const uses = [...text.matchAll(/params\b.*/g)].map(([line]) => line)
  assert.ok(uses.length > 1)
  for (const use of uses)
    assert.match(use, /^params(\.\?data(\.orValue\(\{\}\)|\[\?)|\.metadata\.(name|namespace)\b)/)
})

injection('every policy has a binding, and every binding but one selects the label', async () => {
  for (const text of Object.values(INJECTION_FILES)) {
    const manifests = parseAllDocuments(await text()).map((one) => one.toJS() as Manifest)
    for (const { kind, metadata, spec } of manifests) {
      if (kind.endsWith('Binding')) {
        assert.is(
          spec.matchResources?.namespaceSelector.matchLabels['iam-ra/injection'],
          metadata.name === 'iam-ra-keep' ? 'never' : 'enabled',
          metadata.name,
        )
      } else
        assert.ok(
          manifests.some((one) => one.spec.policyName === metadata.name),
          metadata.name,
        )
    }
  }
})

injection('docs/injection.md has every annotation, setting and code', () => {
  const page = readFileSync(join(ROOT, 'docs/injection.md'), 'utf8')
  const text = ['inject', 'refuse']
    .map((name) => readFileSync(join(ROOT, `k8s/injection/${name}.yaml`), 'utf8'))
    .join('')
  const found = [
    ...text.matchAll(/(?:\[|orValue\()'([a-z0-9-]+): /g),
    ...text.matchAll(/'(iam(?:\.amazonaws\.com|-ra)\/[a-z0-9-]+)'/g),
    ...text.matchAll(/variables\.cluster\[\?'([a-z0-9-]+)'/g),
  ].map(([_all, name = '']) => name)
  assert.ok(found.length > 100)
  // What pods and namespaces have from others.
  const others = ['iam-ra/credentials']
  assert.equal(
    [...new Set(found)].filter(
      (name) => !others.includes(name) && !new RegExp(`\`(iam-ra/)?${name}[\`=]`).test(page),
    ),
    [],
  )
})

injection('each code of the table in docs/injection.md is in a policy', () => {
  const page = readFileSync(join(ROOT, 'docs/injection.md'), 'utf8')
  const [table = ''] = page.split('| code | cause |').slice(1)
  const [rows = ''] = table.split('\n\n')
  const codes = rows.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)])
  assert.ok(codes.length > 20)
  const policies = Object.keys(INJECTION_FILES).map((path) => readFileSync(join(ROOT, path), 'utf8'))
  assert.equal(
    codes.map(([, code = '']) => code).filter((code) => !policies.join('').includes(`'${code}: `)),
    [],
  )
})

injection('quotes text for CEL', () => {
  assert.is(quoted("a'b\\c\nd"), String.raw`'a\'b\\c\nd'`)
})

injection('writes values as typed objects, and maps as maps', () => {
  const value = { name: 'a', on: true, n: 1, requests: { cpu: '1' }, list: [{ b: new Cel('c') }] }
  assert.is(
    literal(value, 'Object.x'),
    "Object.x{name: 'a', on: true, n: 1, requests: {'cpu': '1'}, list: [Object.x.list{b: c}]}",
  )
})

injection('compares each value of an object', () => {
  assert.is(
    hasAll('v', { a: { b: 'x' }, list: [{ n: 1 }] }),
    "v.?a.?b.orValue('') == 'x' && v.?list.orValue([]).size() == 1 && v.?list[?0].?n.orValue(0) == 1",
  )
})

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly policyName?: string
    readonly matchResources?: {
      readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, string>> }
    }
  }
}

injection.run()
