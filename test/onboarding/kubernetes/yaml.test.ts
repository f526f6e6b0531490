/** What is written must be what kubectl reads: its YAML is version 1.1. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../../src/onboarding/kubernetes/objects.ts'
import { toYaml } from '../../../src/onboarding/kubernetes/yaml.ts'
import { nastyText, NO_STRINGS } from './nasty.ts'

const yaml = suite('YAML for kubectl')

const configMap = (data: Readonly<Record<string, string>>): KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data },
})

function read(text: string): unknown[] {
  return parseAllDocuments(text, { version: '1.1' }).map((document) => {
    assert.equal([document.errors, document.warnings], [[], []])
    return document.toJS() as unknown
  })
}

yaml('is read as what was written, whatever the strings are', () => {
  const data = fc.dictionary(fc.oneof(nastyText, fc.stringMatching(/^[-._a-zA-Z0-9]{1,20}$/)), nastyText)
  fc.assert(
    fc.property(fc.array(data, { minLength: 1, maxLength: 3 }), (all) => {
      const objects = all.map((one) => configMap(Object.fromEntries(Object.entries(one))))
      assert.equal(read(toYaml(objects)), objects)
    }),
    { numRuns: 300 },
  )
})

yaml('quotes what is no string to some parser of version 1.1', () => {
  for (const text of NO_STRINGS) {
    const line = toYaml([configMap({ key: text })])
      .split('\n')
      .find((one) => one.startsWith('  key: '))
    assert.match(line ?? '', /^ {2}key: "/, text)
  }
})

yaml('has no line break but its own, and no character that kubectl refuses', () => {
  const text = toYaml([configMap({ key: 'a\u2028b\u0085c\u2029d\ufeffe\u0007f\x7fg' })])
  assert.match(text, /key: "a\\u2028b\\u0085c\\u2029d\\ufeffe\\u0007f\\u007fg"/)
})

yaml('shows a certificate as a block', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB\nAQ==\n-----END CERTIFICATE-----\n'
  assert.match(
    toYaml([configMap({ 'ca.crt': pem })]),
    /ca\.crt: \|\n {4}-----BEGIN CERTIFICATE-----\n {4}MIIB\n/,
  )
})

yaml('folds no line, however long', () => {
  const text = 'word '.repeat(200).trim()
  assert.ok(toYaml([configMap({ key: text })]).includes(text))
})

yaml('has one document for each object, and nothing for none', () => {
  assert.is(toYaml([]), '')
  assert.is(toYaml([configMap({}), configMap({})]).split(/^---$/m).length, 2)
})

yaml.run()
