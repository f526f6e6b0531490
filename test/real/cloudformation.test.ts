/** The templates of k8s/aws: what AWS's own check says, that it would say so of a mistake, and whom their policy lets in. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { anchorTemplate, roleTemplate } from '../../src/onboarding/aws/cloudformation.ts'
import { createAuthority, randomSerial, type Authority } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import { readCertificate, type ReadCertificate } from '../rig/emulators/read-certificate.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { hasPath } from '../rig/emulators/trust.ts'
import { templateCheck, type RoleTemplate } from './cloudformation/lint.ts'
import { letsIn, resolve, type Caller, type Parameters } from './cloudformation/trust.ts'
import { scratchFolder } from '../rig/processes/process.ts'

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

templates('printed by iam-ra with their values filled in have nothing either', async () => {
  const { pem } = createAuthority({ commonName: 'Root', nowMs: Date.now() })
  const printed = {
    'printed-anchor.yaml': anchorTemplate(pem),
    'printed-role.yaml': roleTemplate({
      AnchorArn: EXAMPLE.anchorArn,
      ...{ Cluster: 'prod', Namespace: 'default', Account: 'app', IssuerNames: 'Pods of cluster prod' },
      PermissionsPolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess',
      ...{ SessionSeconds: 900, MaxSessionSeconds: 7200 },
    }),
  }
  for (const [name, text] of Object.entries(printed)) {
    const path = join(scratch, name)
    writeFileSync(path, text)
    assert.equal(await check.lint(path), [], name)
    const { Parameters } = (await check.parse(path)) as Pick<RoleTemplate, 'Parameters'>
    for (const [parameter, one] of Object.entries(Parameters)) {
      const { Default: value } = one
      assert.ok(value !== undefined, parameter)
      if (one.AllowedPattern !== undefined)
        assert.match(String(value), new RegExp(`^(?:${one.AllowedPattern})$`), parameter)
    }
  }
})

for (const [name, what, from, to, says] of [
  ['trust-anchor.yaml', 'a source that there is not', 'CERTIFICATE_BUNDLE', 'CERTIFICATES', /^E3030/],
  ['trust-anchor.yaml', 'an attribute that there is not', 'Anchor.TrustAnchorArn', 'Anchor.Arn', /^E6101/],
  ['trust-anchor.yaml', 'no source', /Source:\n(.*\n)*?\n/, '\n', /^E3003.*Source/],
  ['role.yaml', 'a misspelt effect', 'Effect: Allow', 'Effect: Alow', /^E3530/],
  ['role.yaml', 'a parameter that there is not', '!Ref AnchorArn', '!Ref AnchorArm', /^E1020|^E1019/],
  [
    'role.yaml',
    'a session that is too short',
    'Default: 3600\n    MinValue: 900',
    'Default: 300\n    MinValue: 900',
    /^E2015/,
  ],
  [
    'role.yaml',
    'a ceiling that IAM does not take',
    /MaxSessionDuration: .*/,
    'MaxSessionDuration: !Ref SessionSeconds',
    /^W1030/,
  ],
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

const role = (await check.parse(join(FOLDER, 'role.yaml'))) as RoleTemplate
const { anchorArn, cluster, namespace, serviceAccount, commonName, uri } = EXAMPLE

/** The authority that `npm run vault-setup` makes for the example. */
const { pki } = JSON.parse(readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')) as {
  readonly pki: { readonly commonName: string }
}
const issuerName = pki.commonName

function policyBy(identity: string, changes: Parameters = {}): unknown {
  const parameters: Parameters = {
    AnchorArn: anchorArn,
    Cluster: cluster,
    Namespace: namespace,
    Account: serviceAccount,
    IssuerNames: [issuerName],
    Identity: identity,
    ...changes,
  }
  return resolve(role.Resources.Role.Properties.AssumeRolePolicyDocument, parameters, role.Conditions)
}

const OWN: Caller = { anchorArn, issuerName, commonName, uri }
const OTHERS: Readonly<Record<string, Caller>> = {
  'the same account of another namespace': {
    ...OWN,
    commonName: 'vault-auth.backend.demo',
    uri: 'spiffe://demo/ns/backend/sa/vault-auth',
  },
  'another account of the namespace': {
    ...OWN,
    commonName: 'default.frontend.demo',
    uri: 'spiffe://demo/ns/frontend/sa/default',
  },
  'the same account of another cluster': {
    ...OWN,
    commonName: 'vault-auth.frontend.other',
    uri: 'spiffe://other/ns/frontend/sa/vault-auth',
  },
  'its names in other letters': { ...OWN, commonName: commonName.toUpperCase(), uri: uri.toUpperCase() },
  'its names below another trust anchor': { ...OWN, anchorArn: anchorArn.replace('3f1c5b0e', '00000000') },
  'its names by another authority below the anchor': { ...OWN, issuerName: 'TLS CA' },
  "its names by an authority in the issuer's name in other letters": {
    ...OWN,
    issuerName: issuerName.toUpperCase(),
  },
}

for (const identity of ['subject', 'uri', 'subject-and-uri']) {
  templates(`the role by ${identity} lets its own account in`, () => {
    assert.ok(letsIn(policyBy(identity), OWN))
    assert.is(letsIn(policyBy(identity), { anchorArn, issuerName, commonName }), identity === 'subject')
  })
  for (const [who, caller] of Object.entries(OTHERS)) {
    templates(`the role by ${identity} does not let in ${who}`, () => {
      assert.not.ok(letsIn(policyBy(identity), caller))
    })
  }
}

templates('the role of another account lets that one in and nobody else', () => {
  const other = {
    ...OWN,
    commonName: 'worker.frontend.demo',
    uri: 'spiffe://demo/ns/frontend/sa/worker',
  }
  for (const identity of ['subject', 'uri', 'subject-and-uri']) {
    assert.ok(letsIn(policyBy(identity, { Account: 'worker' }), other))
    assert.not.ok(letsIn(policyBy(identity, { Account: 'worker' }), OWN))
  }
})

for (const identity of ['subject', 'uri', 'subject-and-uri']) {
  templates(`the role by ${identity} lets in both authorities that follow one another, and no third`, () => {
    const policy = policyBy(identity, { IssuerNames: [issuerName, 'Pods of cluster demo 2'] })
    assert.ok(letsIn(policy, OWN))
    assert.ok(letsIn(policy, { ...OWN, issuerName: 'Pods of cluster demo 2' }))
    assert.not.ok(letsIn(policy, { ...OWN, issuerName: 'Pods of cluster demo 3' }))
  })
}

templates('of two authorities below one root, which AWS both trusts, only the one named lets pods in', () => {
  const nowMs = Date.now()
  const root = createAuthority({ commonName: 'Corporate root', nowMs })
  const leafBy = (commonNameOf: string): { leaf: ReadCertificate; issuer: Authority } => {
    const issuer = createAuthority({ commonName: commonNameOf, nowMs, issuer: root })
    const der = signCertificate(
      {
        subject: [['CN', commonName]],
        publicKey: issuer.publicKey,
        serial: randomSerial(),
        notBeforeMs: nowMs - 60_000,
        notAfterMs: nowMs + 3_600_000,
        keyUsage: ['digitalSignature'],
        names: { dns: [], uris: [uri], ips: [], emails: [] },
      },
      issuer,
    )
    return { leaf: readCertificate(der), issuer }
  }
  for (const [by, expected] of [
    [issuerName, true],
    ['TLS CA', false],
  ] as const) {
    const { leaf, issuer } = leafBy(by)
    assert.ok(hasPath(leaf, [readCertificate(issuer.der)], [readCertificate(root.der)], nowMs))
    const caller = { ...OWN, issuerName: leaf.issuerName ?? '' }
    for (const identity of ['subject', 'uri', 'subject-and-uri'])
      assert.is(letsIn(policyBy(identity), caller), expected)
  }
})

templates('the trust policy as JSON is what the template makes of the example', () => {
  const text = readFileSync(join(FOLDER, 'trust-policy.json'), 'utf8')
  assert.equal(JSON.parse(text), policyBy('subject-and-uri'))
})

templates.run()
