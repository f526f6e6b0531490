/** The operator's objects against the operator's own definitions. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FIXTURES, render } from './manifests/kustomize.ts'
import { installOperatorDefinitions } from './manifests/operator.ts'
import { startValidation } from './manifests/validation.ts'

const operator = suite('manifests for the Vault Secrets Operator')

const server = await startValidation()
const isValidated = await installOperatorDefinitions(server)
operator.after(() => server.stop())

/** Of what the API server made of the objects, by the operator's own definitions. */
const validated = (title: string, run: () => void | Promise<void>): void => {
  if (isValidated) operator(title, run)
}

interface Applied {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Readonly<Record<string, unknown>>
}

async function apply(folder: string): Promise<Applied[]> {
  const applied: Applied[] = []
  for (const manifest of render(folder)) {
    const keep = manifest.includes('kind: Namespace\n')
    const { status, json, warnings } = await server.apply(manifest, { keep })
    assert.ok(status < 300, String(json['message']))
    assert.equal(warnings, [])
    applied.push(json as unknown as Applied)
  }
  return applied
}

operator('each namespace has a Secret for each of the three ARNs', () => {
  for (const [folder, namespaces] of [
    ['k8s/examples/secrets', ['frontend']],
    [`${FIXTURES}/two-namespaces`, ['one', 'two']],
  ] as const) {
    const paths = render(folder).flatMap((text) => /^ {2}path: (iam-ra\/.*)$/m.exec(text)?.[1] ?? [])
    const expected = namespaces.flatMap((one) =>
      ['anchor', 'profile', 'role'].map((of) => `iam-ra/${one}/${of}-arn`),
    )
    assert.equal(paths.toSorted(), expected.toSorted())
  }
})

const frontend = isValidated ? await apply('k8s/examples/secrets') : []
const secrets = frontend.filter(({ kind }) => kind === 'VaultStaticSecret')

validated('the three Secrets are made with the key arn and nothing else', () => {
  assert.equal(
    secrets.map(({ metadata }) => metadata.name),
    ['anchor-arn', 'profile-arn', 'role-arn'],
  )
  for (const { metadata, spec } of secrets) {
    assert.equal(spec['destination'], {
      name: metadata.name,
      create: true,
      overwrite: false,
      transformation: { excludeRaw: true, includes: ['^arn$'] },
    })
    assert.equal([spec['mount'], spec['path']], ['secret', `iam-ra/frontend/${metadata.name}`])
  }
})

validated('an ARN that changes restarts the app', () => {
  for (const { spec } of secrets) {
    assert.equal(spec['rolloutRestartTargets'], [{ kind: 'Deployment', name: 's3-reader' }])
    // https://developer.hashicorp.com/vault/docs/deploy/kubernetes/vso: drift is seen by the HMAC alone.
    assert.is(spec['hmacSecretData'], true)
  }
})

validated('the operator logs in as an account of the namespace itself, over TLS that is checked', () => {
  const of = (wanted: string): Applied => {
    const found = frontend.find(({ kind }) => kind === wanted)
    assert.ok(found)
    return found
  }
  const { method, mount, kubernetes } = of('VaultAuth').spec
  assert.equal([method, mount], ['kubernetes', 'kubernetes'])
  assert.equal(kubernetes, {
    role: 'vault-secrets-operator',
    serviceAccount: 'vault-secrets-operator',
    audiences: ['vault'],
    tokenExpirationSeconds: 600,
  })
  const { address, skipTLSVerify, caCertSecretRef } = of('VaultConnection').spec
  assert.match(String(address), /^https:/)
  assert.equal([skipTLSVerify, caCertSecretRef], [false, 'vault-ca'])
  const accounts = frontend.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata)
  assert.ok(
    accounts.some(({ name, namespace }) => name === 'vault-secrets-operator' && namespace === 'frontend'),
  )
})

validated('each namespace has its own objects and its own paths', async () => {
  const all = (await apply(`${FIXTURES}/two-namespaces`)).filter(({ kind }) => kind !== 'Namespace')
  assert.is(all.length, 12)
  for (const namespace of ['one', 'two']) {
    const paths = all
      .filter(({ metadata, kind }) => metadata.namespace === namespace && kind === 'VaultStaticSecret')
      .map(({ spec }) => spec['path'])
    assert.equal(
      paths,
      ['anchor', 'profile', 'role'].map((what) => `iam-ra/${namespace}/${what}-arn`),
    )
  }
})

validated('a field that the definitions do not have is refused', async () => {
  const manifest = render('k8s/examples/secrets').find((text) => text.includes('excludeRaw')) ?? ''
  const { status, json } = await server.apply(manifest.replace('excludeRaw', 'excludeRawData'))
  assert.ok(status > 299)
  assert.match(String(json['message']), /excludeRawData: field not declared in schema/)
})

operator.run()
