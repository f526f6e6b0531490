/** The parameters of the templates of k8s/aws: what they take, what they are by default, and that the docs give those that have no default. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { parseSetup } from '../../src/onboarding/vault/setup.ts'
import { createAuthority } from '../rig/emulators/authority.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { templateCheck, type RoleTemplate } from './cloudformation/lint.ts'
import { resolve, type Parameters } from './cloudformation/trust.ts'

const { anchorArn } = EXAMPLE
const SETUP = readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')
const { pki } = parseSetup(SETUP, 'setup.json')
const parameters = suite('real: CloudFormation, parameters')

const check = templateCheck()
const [role, anchor] = (await Promise.all(
  ['role.yaml', 'trust-anchor.yaml'].map((name) => check.parse(join(ROOT, 'k8s/aws', name))),
)) as [RoleTemplate, RoleTemplate]

parameters('by default the role allows no longer a session than the profile gives', () => {
  const { SessionSeconds: session, MaxSessionSeconds: ceiling } = role.Parameters
  assert.ok(session?.Default !== undefined && ceiling?.Default !== undefined)
  assert.is(ceiling.Default, session.Default)
  // IAM's own bounds: an hour at least, and as long as any profile at most.
  assert.equal([ceiling.MinValue, ceiling.MaxValue], [3600, session.MaxValue])
  const given: Parameters = { SessionSeconds: session.Default, MaxSessionSeconds: ceiling.Default }
  const { Role, Profile } = role.Resources
  assert.is(resolve(Profile.Properties.DurationSeconds, given, role.Conditions), session.Default)
  assert.is(resolve(Role.Properties.MaxSessionDuration, given, role.Conditions), session.Default)
  const raised: Parameters = { SessionSeconds: 7200, MaxSessionSeconds: 7200 }
  assert.is(resolve(Role.Properties.MaxSessionDuration, raised, role.Conditions), 7200)
})

const takes = (template: RoleTemplate, name: string, value: string): boolean => {
  const pattern = template.Parameters[name]?.AllowedPattern
  if (pattern === undefined) throw new Error(`${name} takes anything`)
  // CloudFormation wants the whole value to match.
  return new RegExp(`^(?:${pattern})$`).test(value)
}

parameters('parameters take what they are for, and no pattern, list or private key', () => {
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

for (const [name, good] of [
  ...[pki.commonName, 'Example Issuing CA 1', 'C', 'a'.repeat(64)].map((one) => [one, true] as const),
  ...['*', 'Pods*', '', ' ', ' Pods', 'Pods ', 'a'.repeat(65), '${aws:PrincipalTag/a}', 'a?', 'a,b'].map(
    (one) => [one, false] as const,
  ),
]) {
  parameters(
    `an issuer's name is ${good ? '' : 'not '}${JSON.stringify(name)}, for vault-setup as well`,
    () => {
      assert.is(takes(role, 'IssuerNames', name), good)
      const setup = SETUP.replace(JSON.stringify(pki.commonName), JSON.stringify(name))
      const read = (): unknown => parseSetup(setup, 'setup.json')
      if (good) read()
      else assert.throws(read)
    },
  )
}

for (const doc of ['docs/aws.md', 'docs/by-hand.md']) {
  parameters(`${doc} gives the role each parameter that has no default, and none that there is not`, () => {
    const text = readFileSync(join(ROOT, doc), 'utf8')
    const [command = ''] = /^aws cloudformation deploy .*role\.yaml.*\\\n(?:.*\\\n)+.*$/m.exec(text) ?? []
    const given = [...command.matchAll(/(?<=[\s"])([A-Z]\w+)=/g)].map(([, name = '']) => name)
    const { Parameters: known } = role
    const wanted = Object.keys(known).filter((name) => known[name]?.Default === undefined)
    assert.ok(wanted.includes('IssuerNames'))
    for (const name of wanted) assert.is(given.filter((one) => one === name).length, 1, name)
    for (const name of given) assert.ok(name in known, name)
    assert.match(command, `"IssuerNames=${pki.commonName}"`)
  })
}

parameters.run()
