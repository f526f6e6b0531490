/** The emulated control plane of Roles Anywhere against boto3, whose model is the current one. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, pemOf } from '../../rig/emulators/authority.ts'
import { host, type EmulatorResponse } from '../../rig/emulators/http.ts'
import { createPermissions } from '../../rig/emulators/permissions.ts'
import { createRolesAnywhereAccount } from '../../rig/emulators/roles-anywhere-account.ts'
import { unavailable } from '../../rig/emulators/roles-anywhere-control.ts'
import { createRolesAnywhereService } from '../../rig/emulators/roles-anywhere-service.ts'
import { createSessionStore } from '../../rig/emulators/sessions.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { workloadRequest } from '../../rig/emulators/workload.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { startBoto3 } from './boto3.ts'

const SERVICE = 'rolesanywhere'
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAOPERATOR', AWS_SECRET_ACCESS_KEY: 'operator' }

const python = pythonEnvironment()
const account = createRolesAnywhereAccount({ account: EXAMPLE.account, region: EXAMPLE.region })
const permissions = createPermissions()
const allows = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Service: 'rolesanywhere.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    Condition: { StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'a.default.prod' } },
  },
})
const service = createRolesAnywhereService({
  ...{ now: Date.now, account, permissions, sessions: createSessionStore() },
  keys: {
    find: (id) =>
      id === KEYS.AWS_ACCESS_KEY_ID
        ? {
            secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY,
            arn: `arn:aws:iam::${EXAMPLE.account}:user/operator`,
          }
        : undefined,
  },
  policyOf: () => Promise.resolve({ trustPolicy: allows, maxSessionSeconds: 3600 }),
})
const hosted = await host((request) => service.handle(request))
const env = { ...KEYS, AWS_DEFAULT_REGION: EXAMPLE.region, AWS_ENDPOINT_URL_ROLESANYWHERE: hosted.url }
const boto3 = startBoto3(python, env)
const root = createAuthority({ commonName: 'Root', nowMs: Date.now() })
const source = { sourceType: 'CERTIFICATE_BUNDLE', sourceData: { x509CertificateData: root.pem } }

type Detail = Readonly<Record<string, unknown>>

const control = suite('Roles Anywhere by boto3')

control.before.each(() => {
  for (const kept of [account.anchors, account.profiles, account.crls, account.subjects, account.tags])
    kept.clear()
  account.serviceLinkedRole = false
  permissions.refused.clear()
  service.before = undefined
})

control.after(async () => {
  boto3.close()
  await hosted.close()
})

async function detail(method: string, params: object): Promise<Detail> {
  const answer = await boto3.call(SERVICE, method, params)
  const [found] = Object.values(answer)
  return found as Detail
}

const makeProfile = (change: object = {}): Promise<Detail> =>
  detail('create_profile', { name: 'admin', roleArns: [EXAMPLE.roleArn], enabled: true, ...change })
const makeAnchor = (change: object = {}): Promise<Detail> =>
  detail('create_trust_anchor', { name: 'default', source, enabled: true, ...change })

control('trust anchors', async () => {
  const tags = [{ key: 'iam-ra:ca-mode', value: 'vault' }]
  const made = await makeAnchor({ tags })
  const { trustAnchorId } = made
  assert.equal(await detail('get_trust_anchor', { trustAnchorId }), made)
  assert.equal(
    await detail('get_trust_anchor', { trustAnchorId: made['trustAnchorArn'] }),
    made,
    'by its ARN',
  )
  assert.is((made['notificationSettings'] as unknown[]).length, 2)
  const off = await detail('disable_trust_anchor', { trustAnchorId })
  assert.equal([off['enabled'], off['source']], [false, source])
  assert.is((await detail('enable_trust_anchor', { trustAnchorId }))['enabled'], true)
  assert.is((await detail('update_trust_anchor', { trustAnchorId, name: 'other' }))['name'], 'other')
  const resourceArn = made['trustAnchorArn']
  assert.equal(await boto3.call(SERVICE, 'list_tags_for_resource', { resourceArn }), { tags })
  await boto3.call(SERVICE, 'tag_resource', { resourceArn, tags: [{ key: 'b', value: '' }] })
  await boto3.call(SERVICE, 'untag_resource', { resourceArn, tagKeys: ['iam-ra:ca-mode'] })
  const left = await boto3.call(SERVICE, 'list_tags_for_resource', { resourceArn })
  assert.equal(left, { tags: [{ key: 'b', value: '' }] })
  assert.is((await detail('delete_trust_anchor', { trustAnchorId }))['trustAnchorId'], trustAnchorId)
  const gone = await boto3.refused(SERVICE, 'get_trust_anchor', { trustAnchorId })
  assert.equal([gone.error, gone.status], ['ResourceNotFoundException', 404])
})

control('profiles, and lists of both in pages', async () => {
  const made = await makeProfile({ durationSeconds: 900, acceptRoleSessionName: true })
  const { profileId } = made
  assert.equal(await detail('get_profile', { profileId }), made)
  assert.equal([made['acceptRoleSessionName'], made['requireInstanceProperties']], [true, false])
  const changed = await detail('update_profile', { profileId, durationSeconds: 3600 })
  assert.equal([changed['durationSeconds'], changed['acceptRoleSessionName']], [3600, true])
  assert.is((await detail('disable_profile', { profileId }))['enabled'], false)
  assert.is((await detail('enable_profile', { profileId }))['enabled'], true)
  await makeProfile({ name: 'b' })
  await makeProfile({ name: 'c' })
  await makeAnchor()
  const pages = await boto3.pages(SERVICE, 'list_profiles', { pageSize: 2 })
  const names = pages.map((page) => (page['profiles'] as Detail[]).map(({ name }) => name))
  assert.equal(names, [['admin', 'b'], ['c']])
  const anchors = await boto3.pages(SERVICE, 'list_trust_anchors')
  assert.is((anchors[0]?.['trustAnchors'] as Detail[]).length, 1)
  assert.is((await detail('delete_profile', { profileId }))['profileId'], profileId)
  assert.is(
    (await boto3.refused(SERVICE, 'delete_profile', { profileId })).error,
    'ResourceNotFoundException',
  )
})

control('attribute mappings, and what a workload gets by them', async () => {
  const anchor = await makeAnchor()
  const profile = await makeProfile()
  const { profileId } = profile
  const rules = async (): Promise<unknown> =>
    Object.fromEntries(
      ((await detail('get_profile', { profileId }))['attributeMappings'] as Detail[]).map((one) => [
        one['certificateField'],
        (one['mappingRules'] as Detail[]).map(({ specifier }) => specifier),
      ]),
    )
  const exchange = async (): Promise<number> => {
    const arns = {
      trustAnchorArn: String(anchor['trustAnchorArn']),
      profileArn: String(profile['profileArn']),
    }
    const subject = [['CN', 'a.default.prod']] as const
    const body = { ...arns, roleArn: EXAMPLE.roleArn }
    const answer = await service.handle(workloadRequest({ issuer: root, subject, nowMs: Date.now(), body }))
    return (answer as EmulatorResponse).status
  }
  assert.equal(await rules(), { x509Issuer: ['*'], x509SAN: ['DNS', 'URI', 'Name/*'], x509Subject: ['*'] })
  assert.is(await exchange(), 201)
  const subject = { profileId, certificateField: 'x509Subject' }
  await boto3.call(SERVICE, 'delete_attribute_mapping', subject)
  assert.equal(await rules(), { x509Issuer: ['*'], x509SAN: ['DNS', 'URI', 'Name/*'] })
  assert.is(await exchange(), 403)
  const mappingRules = [{ specifier: 'OU' }, { specifier: 'CN' }]
  await boto3.call(SERVICE, 'put_attribute_mapping', { ...subject, mappingRules })
  assert.is(await exchange(), 201)
  await boto3.call(SERVICE, 'delete_attribute_mapping', { ...subject, specifiers: ['CN', 'O'] })
  await boto3.call(SERVICE, 'delete_attribute_mapping', {
    ...{ profileId, certificateField: 'x509SAN', specifiers: ['URI', 'Name/*'] },
  })
  assert.equal(await rules(), { x509Issuer: ['*'], x509Subject: ['OU'], x509SAN: ['DNS'] })
  assert.is(await exchange(), 403)
  const strange = { ...subject, certificateField: 'x509Other', mappingRules }
  assert.is((await boto3.refused(SERVICE, 'put_attribute_mapping', strange)).error, 'ValidationException')
})

control('revocation lists and subjects', async () => {
  const anchor = await makeAnchor()
  const crlData = pemOf('X509 CRL', Buffer.from('not read'))
  const crl = await detail('import_crl', { name: 'a', crlData, trustAnchorArn: anchor['trustAnchorArn'] })
  const { crlId } = crl
  assert.is((await detail('enable_crl', { crlId }))['enabled'], true)
  assert.is((await detail('disable_crl', { crlId }))['enabled'], false)
  assert.is((await detail('get_crl', { crlId }))['trustAnchorArn'], anchor['trustAnchorArn'])
  assert.is(((await boto3.pages(SERVICE, 'list_crls'))[0]?.['crls'] as Detail[]).length, 1)
  assert.is((await detail('delete_crl', { crlId }))['crlId'], crlId)
  assert.equal(await boto3.call(SERVICE, 'list_subjects'), { subjects: [] })
})

control('what is refused, and how', async () => {
  const bound = await boto3.refused(SERVICE, 'create_profile', { name: 'a:b', durationSeconds: 1 })
  assert.equal([bound.error, bound.status], ['ValidationException', 400])
  assert.match(bound.message, /^3 validation errors detected: .*roleArns.*name.*durationSeconds/)
  permissions.refused.add('iam:PassRole')
  const passing = await boto3.refused(SERVICE, 'create_profile', { name: 'a', roleArns: [EXAMPLE.roleArn] })
  assert.equal([passing.error, passing.status], ['AccessDeniedException', 403])
  assert.match(
    passing.message,
    /user\/operator is not authorized to perform: iam:PassRole on resource: \S+frontend-s3-read /,
  )
  const wrong = startBoto3(python, { ...env, AWS_SECRET_ACCESS_KEY: 'other' })
  const signature = await wrong.refused(SERVICE, 'list_profiles')
  wrong.close()
  assert.equal([signature.error, signature.status], ['InvalidSignatureException', 403])
  const alias = await boto3.refused(SERVICE, 'create_profile', { name: 'a', roleArns: [], aliasName: 'a' })
  assert.is(alias.status, 599, 'the emulator knows no aliases and says so')
})

control('503 is tried again', async () => {
  const patient = startBoto3(python, env, 3)
  const before = service.count()
  service.before = ({ number }) => (number <= before + 2 ? unavailable() : undefined)
  await patient.call(SERVICE, 'list_profiles')
  patient.close()
  assert.is(service.count() - before, 3)
  service.before = () => unavailable()
  const refused = await boto3.refused(SERVICE, 'list_profiles')
  assert.equal([refused.error, refused.status], ['ServiceUnavailableException', 503])
})

control.run()
