/** The templates of k8s/aws: what AWS's own check says, that it would say so of a mistake, and whom their policy lets in. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { createAuthority } from '../emulators/authority.ts'
import { EXAMPLE } from '../emulators/stage.ts'
import { templateCheck } from './cloudformation/lint.ts'
import { letsIn, resolve, type Caller } from './cloudformation/trust.ts'
import { scratchFolder } from './process.ts'

const FOLDER = join(ROOT, 'k8s/aws')
const TEMPLATES = ['trust-anchor.yaml', 'role.yaml'] as const

const templates = suite('real: CloudFormation')

const check = templateCheck()
const scratch = scratchFolder('cloudformation')

for (const name of TEMPLATES) {
  templates(`${name} has nothing that cfn-lint would say something about`, async () => {
    assert.equal(await check.lint(join(FOLDER, name)), [])
  })
}

for (const [name, what, from, to, says] of [
  ['trust-anchor.yaml', 'a source that there is not', 'CERTIFICATE_BUNDLE', 'CERTIFICATES', /^E3030/],
  ['trust-anchor.yaml', 'an attribute that there is not', 'Anchor.TrustAnchorArn', 'Anchor.Arn', /^E6101/],
  ['trust-anchor.yaml', 'no source', /Source:\n(.*\n)*?\n/, '\n', /^E3003.*Source/],
  ['role.yaml', 'a misspelt effect', 'Effect: Allow', 'Effect: Alow', /^E3530/],
  ['role.yaml', 'a parameter that there is not', '!Ref AnchorArn', '!Ref AnchorArm', /^E1020|^E1019/],
  ['role.yaml', 'a session that is too short', 'Default: 3600', 'Default: 300', /^E2015/],
  ['role.yaml', 'a condition that there is not', '- ByUri', '- ByUrl', /^E1028|^E8002/],
  ['role.yaml', 'a profile without roles', / {6}RoleArns: .*\n/, '', /^E3003.*RoleArns/],
] as const) {
  templates(`cfn-lint finds ${what} in ${name}`, async () => {
    const text = readFileSync(join(FOLDER, name), 'utf8')
    const changed = text.replace(from, to)
    assert.is.not(changed, text)
    const path = join(scratch, name)
    writeFileSync(path, changed)
    const found = await check.lint(path)
    assert.ok(
      found.some((line) => says.test(line)),
      found.join('\n'),
    )
  })
}

interface RoleTemplate {
  readonly Parameters: Readonly<Record<string, { readonly AllowedPattern?: string }>>
  readonly Conditions: Readonly<Record<string, unknown>>
  readonly Resources: {
    readonly Role: { readonly Properties: { readonly AssumeRolePolicyDocument: unknown } }
  }
}

const role = (await check.parse(join(FOLDER, 'role.yaml'))) as RoleTemplate
const { anchorArn, cluster, namespace, serviceAccount, commonName, uri } = EXAMPLE

function policyBy(identity: string, account: string = serviceAccount): unknown {
  return resolve(
    role.Resources.Role.Properties.AssumeRolePolicyDocument,
    { AnchorArn: anchorArn, Cluster: cluster, Namespace: namespace, Account: account, Identity: identity },
    role.Conditions,
  )
}

const OWN: Caller = { anchorArn, commonName, uri }
const OTHERS: Readonly<Record<string, Caller>> = {
  'the same account of another namespace': {
    anchorArn,
    commonName: 'vault-auth.backend.demo',
    uri: 'spiffe://demo/ns/backend/sa/vault-auth',
  },
  'another account of the namespace': {
    anchorArn,
    commonName: 'default.frontend.demo',
    uri: 'spiffe://demo/ns/frontend/sa/default',
  },
  'the same account of another cluster': {
    anchorArn,
    commonName: 'vault-auth.frontend.other',
    uri: 'spiffe://other/ns/frontend/sa/vault-auth',
  },
  'its names in other letters': { anchorArn, commonName: commonName.toUpperCase(), uri: uri.toUpperCase() },
  'its names below another trust anchor': { ...OWN, anchorArn: anchorArn.replace('3f1c5b0e', '00000000') },
}

for (const identity of ['subject', 'uri', 'subject-and-uri']) {
  templates(`the role by ${identity} lets its own account in`, () => {
    assert.ok(letsIn(policyBy(identity), OWN))
    assert.is(letsIn(policyBy(identity), { anchorArn, commonName }), identity === 'subject')
  })
  for (const [who, caller] of Object.entries(OTHERS)) {
    templates(`the role by ${identity} does not let in ${who}`, () => {
      assert.not.ok(letsIn(policyBy(identity), caller))
    })
  }
}

templates('the role of another account lets that one in and nobody else', () => {
  const other = { anchorArn, commonName: 'worker.frontend.demo', uri: 'spiffe://demo/ns/frontend/sa/worker' }
  for (const identity of ['subject', 'uri', 'subject-and-uri']) {
    assert.ok(letsIn(policyBy(identity, 'worker'), other))
    assert.not.ok(letsIn(policyBy(identity, 'worker'), OWN))
  }
})

templates('the trust policy as JSON is what the template makes of the example', () => {
  const text = readFileSync(join(FOLDER, 'trust-policy.json'), 'utf8')
  assert.equal(JSON.parse(text), policyBy('subject-and-uri'))
})

templates('parameters take what they are for, and no pattern, list or private key', async () => {
  const anchor = (await check.parse(join(FOLDER, 'trust-anchor.yaml'))) as RoleTemplate
  const takes = (template: RoleTemplate, name: string, value: string): boolean => {
    const pattern = template.Parameters[name]?.AllowedPattern
    if (pattern === undefined) throw new Error(`${name} takes anything`)
    // CloudFormation wants the whole value to match.
    return new RegExp(`^(?:${pattern})$`).test(value)
  }
  const [one, other] = ['Root', 'Next root'].map(
    (name) => createAuthority({ commonName: name, nowMs: 0 }).pem,
  )
  const both = `${one}\n${other}\n`
  assert.ok(takes(anchor, 'Certificate', `${one}`))
  assert.ok(takes(anchor, 'Certificate', both))
  assert.not.ok(takes(anchor, 'Certificate', `${both}${one}`))
  assert.not.ok(
    takes(anchor, 'Certificate', `${one}\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`),
  )
  assert.ok(takes(role, 'AnchorArn', anchorArn))
  assert.not.ok(takes(role, 'AnchorArn', anchorArn.replace(/[^/]+$/, '*')))
  assert.ok(takes(role, 'Account', 'some.account-1'))
  for (const name of ['Account', 'Namespace', 'Cluster']) {
    for (const value of ['*', 'a*', 'a,b', 'A', '${aws:PrincipalTag/a}', ''])
      assert.not.ok(takes(role, name, value), value)
  }
  assert.not.ok(takes(role, 'Namespace', 'a.b'))
  assert.not.ok(takes(role, 'Cluster', 'a.b'))
})

templates.run()
