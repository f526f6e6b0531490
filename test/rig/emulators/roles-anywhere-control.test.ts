/** The control plane of Roles Anywhere against AWS's own JavaScript SDK, and CreateSession on what that made. */
import {
  CreateProfileCommand,
  CreateTrustAnchorCommand,
  DeleteCrlCommand,
  DeleteProfileCommand,
  DeleteTrustAnchorCommand,
  DisableCrlCommand,
  DisableProfileCommand,
  DisableTrustAnchorCommand,
  EnableCrlCommand,
  EnableProfileCommand,
  EnableTrustAnchorCommand,
  GetCrlCommand,
  GetProfileCommand,
  GetSubjectCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  ListProfilesCommand,
  ListSubjectsCommand,
  ListTagsForResourceCommand,
  RolesAnywhereClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateProfileCommand,
  UpdateTrustAnchorCommand,
  paginateListProfiles,
  paginateListTrustAnchors,
  type CreateProfileCommandInput,
  type RolesAnywhereClientConfig,
} from '@aws-sdk/client-rolesanywhere'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, pemOf } from './authority.ts'
import { signCertificate, type CertificateTemplate } from './certificate.ts'
import { host, type EmulatorResponse, type Hosted } from './http.ts'
import { createPermissions, type Permissions } from './permissions.ts'
import { bodyOf } from './requests.ts'
import { createRolesAnywhereAccount, type RolesAnywhereAccount } from './roles-anywhere-account.ts'
import { throttled, unavailable } from './roles-anywhere-control.ts'
import {
  createRolesAnywhereService,
  type RolePolicy,
  type RolesAnywhereService,
} from './roles-anywhere-service.ts'
import { createSessionStore } from './sessions.ts'
import { workloadRequest } from './workload.ts'

const ACCOUNT = '111122223333'
const REGION = 'eu-central-1'
const OPERATOR = `arn:aws:iam::${ACCOUNT}:user/operator`
const ROLE = `arn:aws:iam::${ACCOUNT}:role/iam-ra/default/admin`
const KEYS = { accessKeyId: 'AKIAOPERATOR', secretAccessKey: 'operator' }
const PCA = `arn:aws:acm-pca:${REGION}:${ACCOUNT}:certificate-authority/1f0e6a52-8f4e-4c8e-9d6e-0a52c7b81f11`

const nowMs = Date.now()
const root = createAuthority({ commonName: 'Root', nowMs })
const other = createAuthority({ commonName: 'Other', nowMs })
const cluster = createAuthority({ commonName: 'iam-ra prod/default', nowMs, issuer: root })

interface Place {
  readonly account: RolesAnywhereAccount
  readonly permissions: Permissions
  readonly policies: Map<string, RolePolicy>
  readonly service: RolesAnywhereService
  readonly hosted: Hosted
  readonly client: RolesAnywhereClient
}

/** This release counts only the attempts after the first, and those of all its calls together. */
const ONCE = 0

function clientOf(url: string, change: RolesAnywhereClientConfig = {}): RolesAnywhereClient {
  return new RolesAnywhereClient({
    endpoint: url,
    region: REGION,
    credentials: KEYS,
    maxAttempts: ONCE,
    ...change,
  })
}

async function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const account = createRolesAnywhereAccount({ account: ACCOUNT, region: REGION })
  const permissions = createPermissions()
  const policies = new Map<string, RolePolicy>()
  const service = createRolesAnywhereService({
    ...{ now: Date.now, account, permissions, sessions: createSessionStore() },
    keys: {
      find: (id) =>
        id === KEYS.accessKeyId
          ? { secretAccessKey: KEYS.secretAccessKey, arn: OPERATOR }
          : id === 'ASIAOPERATOR'
            ? { secretAccessKey: 'operator', sessionToken: 'token', arn: OPERATOR, expiresAtMs: Date.now() }
            : undefined,
    },
    policyOf: (arn) => Promise.resolve(policies.get(arn)),
  })
  const hosted = await host((request) => service.handle(request))
  const client = clientOf(hosted.url)
  try {
    await work({ account, permissions, policies, service, hosted, client })
  } finally {
    client.destroy()
    await hosted.close()
  }
}

const bundle = (...pems: readonly string[]) => ({
  sourceType: 'CERTIFICATE_BUNDLE' as const,
  sourceData: { x509CertificateData: `${pems.join('\n')}\n` },
})

async function makeAnchor(client: RolesAnywhereClient, name = 'iam-ra-default'): Promise<string> {
  const command = new CreateTrustAnchorCommand({ name, source: bundle(root.pem), enabled: true })
  const { trustAnchor } = await client.send(command)
  return trustAnchor?.trustAnchorId ?? ''
}

async function makeProfile(
  client: RolesAnywhereClient,
  change: Partial<CreateProfileCommandInput> = {},
): Promise<string> {
  const input = { name: 'iam-ra-default-admin', roleArns: [ROLE], enabled: true, ...change }
  const { profile } = await client.send(new CreateProfileCommand(input))
  return profile?.profileId ?? ''
}

interface Refused {
  readonly name: string
  readonly message: string
  readonly status: number | undefined
}

async function refusal(call: Promise<unknown>): Promise<Refused> {
  try {
    await call
  } catch (error) {
    const { name, message, $metadata } = error as Error & {
      readonly $metadata?: { readonly httpStatusCode?: number }
    }
    return { name, message, status: $metadata?.httpStatusCode }
  }
  return { name: 'none', message: '', status: undefined }
}

const control = suite('Roles Anywhere: control plane')

control('a trust anchor from its making to its end', () =>
  withPlace(async ({ client, account }) => {
    const { trustAnchor: made } = await client.send(
      new CreateTrustAnchorCommand({
        name: 'iam-ra-default',
        source: bundle(root.pem),
        tags: [{ key: 'iam-ra:installation', value: 'default' }],
      }),
    )
    const trustAnchorId = made?.trustAnchorId ?? ''
    assert.match(trustAnchorId, /^[0-9a-f-]{36}$/)
    assert.is(
      made?.trustAnchorArn,
      `arn:aws:rolesanywhere:${REGION}:${ACCOUNT}:trust-anchor/${trustAnchorId}`,
    )
    assert.is(made?.enabled, false, 'off unless asked')
    assert.equal(made?.source, bundle(root.pem))
    assert.instance(made?.createdAt, Date)
    assert.is(account.serviceLinkedRole, true)

    const get = new GetTrustAnchorCommand({ trustAnchorId })
    assert.equal((await client.send(get)).trustAnchor, made)
    await client.send(new EnableTrustAnchorCommand({ trustAnchorId }))
    assert.is((await client.send(get)).trustAnchor?.enabled, true)
    await client.send(new DisableTrustAnchorCommand({ trustAnchorId }))
    assert.is((await client.send(get)).trustAnchor?.enabled, false)

    const source = bundle(root.pem, other.pem)
    const { trustAnchor: changed } = await client.send(
      new UpdateTrustAnchorCommand({ trustAnchorId, source }),
    )
    assert.is(changed?.name, 'iam-ra-default')
    assert.equal(changed?.source, source)
    await client.send(new UpdateTrustAnchorCommand({ trustAnchorId, name: 'renamed' }))
    const { trustAnchor: renamed } = await client.send(get)
    assert.is(renamed?.name, 'renamed')
    assert.equal(renamed?.source, source)

    const { trustAnchor: gone } = await client.send(new DeleteTrustAnchorCommand({ trustAnchorId }))
    assert.is(gone?.trustAnchorId, trustAnchorId)
    const missing = await refusal(client.send(get))
    assert.is(missing.name, 'ResourceNotFoundException')
    assert.is(missing.status, 404)
    assert.is(account.tags.size, 0)
  }),
)

control('an anchor is a private CA that is there', () =>
  withPlace(async ({ client, account }) => {
    const source = { sourceType: 'AWS_ACM_PCA' as const, sourceData: { acmPcaArn: PCA } }
    const create = new CreateTrustAnchorCommand({ name: 'pca', source })
    assert.is((await refusal(client.send(create))).name, 'ValidationException')
    account.privateAuthorities.set(PCA, [root.pem])
    const { trustAnchor } = await client.send(create)
    assert.equal(trustAnchor?.source, source)
    assert.equal([...account.anchors.values()][0]?.certificates, [root.pem])
  }),
)

control('a profile from its making to its end', () =>
  withPlace(async ({ client }) => {
    const profileId = await makeProfile(client, { durationSeconds: 900 })
    const get = new GetProfileCommand({ profileId })
    const { profile } = await client.send(get)
    assert.is(profile?.profileArn, `arn:aws:rolesanywhere:${REGION}:${ACCOUNT}:profile/${profileId}`)
    assert.equal(profile?.roleArns, [ROLE])
    assert.is(profile?.durationSeconds, 900)
    assert.is(profile?.enabled, true)
    assert.is(profile?.createdBy, ACCOUNT)

    await client.send(new UpdateProfileCommand({ profileId, durationSeconds: 7200 }))
    await client.send(new DisableProfileCommand({ profileId }))
    const { profile: changed } = await client.send(get)
    assert.equal([changed?.durationSeconds, changed?.enabled, changed?.roleArns], [7200, false, [ROLE]])
    await client.send(new UpdateProfileCommand({ profileId, roleArns: [] }))
    await client.send(new EnableProfileCommand({ profileId }))
    const { profile: empty } = await client.send(get)
    assert.equal([empty?.durationSeconds, empty?.enabled, empty?.roleArns], [7200, true, []])

    await client.send(new DeleteProfileCommand({ profileId }))
    assert.is((await refusal(client.send(get))).name, 'ResourceNotFoundException')
    assert.is(
      (await refusal(client.send(new DeleteProfileCommand({ profileId })))).name,
      'ResourceNotFoundException',
    )
    const { profile: plain } = await client.send(new CreateProfileCommand({ name: 'plain', roleArns: [] }))
    assert.equal([plain?.enabled, plain?.durationSeconds], [false, 3600])
  }),
)

control('lists come in pages, each once and whole', () =>
  withPlace(async ({ client }) => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await makeAnchor(client, name)
      await makeProfile(client, { name })
    }
    const anchors: string[][] = []
    const profiles: string[][] = []
    for await (const { trustAnchors = [] } of paginateListTrustAnchors({ client }, { pageSize: 2 })) {
      anchors.push(trustAnchors.map(({ name = '' }) => name))
    }
    for await (const page of paginateListProfiles({ client }, { pageSize: 5 })) {
      profiles.push((page.profiles ?? []).map(({ name = '' }) => name))
    }
    assert.equal(anchors, [['a', 'b'], ['c', 'd'], ['e']])
    assert.equal(profiles, [['a', 'b', 'c', 'd', 'e']])
    const strange = await refusal(client.send(new ListProfilesCommand({ nextToken: 'other' })))
    assert.is(strange.name, 'ValidationException')
  }),
)

control('tags are merged by key, and taken away by key', () =>
  withPlace(async ({ client, account }) => {
    const id = await makeAnchor(client)
    const resourceArn = account.anchors.get(id)?.arn ?? ''
    const tags = async () => (await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags
    const tag = (...list: readonly { readonly key: string; readonly value: string }[]) =>
      client.send(new TagResourceCommand({ resourceArn, tags: [...list] }))
    assert.equal(await tags(), [])
    await tag({ key: 'iam-ra:cluster/prod', value: 'vault iam-ra' }, { key: 'a', value: '' })
    await tag({ key: 'a', value: '2' }, { key: 'A', value: 'other' })
    assert.equal(await tags(), [
      { key: 'iam-ra:cluster/prod', value: 'vault iam-ra' },
      { key: 'a', value: '2' },
      { key: 'A', value: 'other' },
    ])
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a', 'not there'] }))
    assert.equal(
      (await tags())?.map(({ key }) => key),
      ['iam-ra:cluster/prod', 'A'],
    )

    assert.is((await refusal(tag({ key: 'aws:x', value: '' }))).name, 'ValidationException')
    const many = Array.from({ length: 199 }, (_, index) => ({ key: `k${index}`, value: '' }))
    assert.is((await refusal(tag(...many))).name, 'TooManyTagsException')
    assert.is((await tags())?.length, 2)
    const absent = `${resourceArn.slice(0, -1)}x`
    for (const call of [
      client.send(new ListTagsForResourceCommand({ resourceArn: absent })),
      client.send(new TagResourceCommand({ resourceArn: absent, tags: [] })),
      client.send(new UntagResourceCommand({ resourceArn: absent, tagKeys: [] })),
    ]) {
      assert.is((await refusal(call)).name, 'ResourceNotFoundException')
    }
  }),
)

control('a revocation list is kept, for an anchor that is there', () =>
  withPlace(async ({ client, account }) => {
    const id = await makeAnchor(client)
    const trustAnchorArn = account.anchors.get(id)?.arn ?? ''
    const crlData = Buffer.from(pemOf('X509 CRL', Buffer.from('not read')))
    const input = { name: 'revoked', crlData, trustAnchorArn }
    const { crl } = await client.send(new ImportCrlCommand(input))
    const crlId = crl?.crlId ?? ''
    assert.equal(Buffer.from(crl?.crlData ?? []), crlData)
    await client.send(new EnableCrlCommand({ crlId }))
    assert.is((await client.send(new GetCrlCommand({ crlId }))).crl?.enabled, true)
    await client.send(new DisableCrlCommand({ crlId }))
    assert.equal(
      (await client.send(new ListCrlsCommand({}))).crls?.map((one) => [one.crlId, one.enabled]),
      [[crlId, false]],
    )
    const noList = { ...input, crlData: Buffer.from('no list') }
    assert.is((await refusal(client.send(new ImportCrlCommand(noList)))).name, 'ValidationException')
    const elsewhere = { ...input, trustAnchorArn: `${trustAnchorArn}x` }
    assert.is((await refusal(client.send(new ImportCrlCommand(elsewhere)))).name, 'ResourceNotFoundException')
    await client.send(new DeleteCrlCommand({ crlId }))
    assert.is((await refusal(client.send(new GetCrlCommand({ crlId })))).name, 'ResourceNotFoundException')
  }),
)

control('refuses what is out of the model’s bounds, and names each', () =>
  withPlace(async ({ client, account }) => {
    const ended = signed({ keyUsage: ['digitalSignature'] })
    const cases: readonly (readonly [Partial<CreateProfileCommandInput>, RegExp])[] = [
      [{ name: '' }, /'name' .*greater than or equal to 1/],
      [{ name: 'a'.repeat(256) }, /'name' .*less than or equal to 255/],
      [{ name: 'iam:ra' }, /Value 'iam:ra' at 'name' .*pattern/],
      [{ durationSeconds: 899 }, /'durationSeconds' .*900/],
      [{ durationSeconds: 43_201 }, /'durationSeconds' .*43200/],
      [{ roleArns: ['admin'] }, /Value 'admin' at 'roleArns\.1\.member' .*pattern/],
      [{ roleArns: Array.from({ length: 251 }, () => ROLE) }, /'roleArns' .*less than or equal to 250/],
      [{ managedPolicyArns: ['a'.repeat(201)] }, /'managedPolicyArns\.1\.member'/],
      [{ tags: [{ key: 'a*', value: '' }] }, /'tags\.1\.member\.key' .*pattern/],
      [{ tags: [{ key: 'a'.repeat(129), value: '' }] }, /'tags\.1\.member\.key' .*128/],
      [{ tags: [{ key: 'a', value: 'a'.repeat(257) }] }, /'tags\.1\.member\.value' .*256/],
      [{ tags: Array.from({ length: 201 }, () => ({ key: 'a', value: '' })) }, /'tags' .*200/],
      [{ name: undefined, durationSeconds: 1 }, /^2 validation errors detected: .*name.*; .*durationSeconds/],
    ]
    for (const [change, message] of cases) {
      const refused = await refusal(makeProfile(client, change))
      assert.is(refused.name, 'ValidationException', String(message))
      assert.is(refused.status, 400)
      assert.match(refused.message, message)
    }
    const sources: readonly (readonly [ReturnType<typeof bundle>, RegExp])[] = [
      [bundle('no certificate'), /parse/],
      [bundle(pemOf('CERTIFICATE', Buffer.from('nothing'))), /parse/],
      [bundle(root.pem, root.pem, root.pem), /limit/],
      [bundle(ended), /^Incorrect basic constraints for CA certificate$/],
      [bundle(signed({ keyUsage: ['digitalSignature'], authority: {} })), /key usage/],
      [bundle('a'.repeat(204_800)), /'source.sourceData.x509CertificateData' .*204800/],
    ]
    for (const [source, message] of sources) {
      const refused = await refusal(client.send(new CreateTrustAnchorCommand({ name: 'a', source })))
      assert.is(refused.name, 'ValidationException', String(message))
      assert.match(refused.message, message)
    }
    assert.is(
      (await refusal(client.send(new GetProfileCommand({ profileId: 'admin' })))).name,
      'ValidationException',
    )
    assert.equal([account.profiles.size, account.anchors.size], [0, 0])
  }),
)

function signed(change: Partial<CertificateTemplate>): string {
  const template = { subject: [['CN', 'a']] as const, publicKey: root.publicKey, serial: Buffer.from([1]) }
  const times = { notBeforeMs: nowMs, notAfterMs: nowMs + 3600_000 }
  return pemOf('CERTIFICATE', signCertificate({ ...template, ...times, keyUsage: [], ...change }, root))
}

control('knows its callers by their signatures', () =>
  withPlace(async ({ hosted }) => {
    const temporary = { accessKeyId: 'ASIAOPERATOR', secretAccessKey: 'operator' }
    const cases: readonly (readonly [RolesAnywhereClientConfig, string])[] = [
      [{ credentials: { ...KEYS, secretAccessKey: 'other' } }, 'InvalidSignatureException'],
      [{ credentials: { ...KEYS, accessKeyId: 'AKIAOTHER' } }, 'UnrecognizedClientException'],
      [{ credentials: { ...KEYS, sessionToken: 'token' } }, 'UnrecognizedClientException'],
      [{ credentials: temporary }, 'UnrecognizedClientException'],
      [{ credentials: { ...temporary, sessionToken: 'token' } }, 'ExpiredTokenException'],
      [{ region: 'us-east-1' }, 'InvalidSignatureException'],
    ]
    for (const [change, name] of cases) {
      const client = clientOf(hosted.url, change)
      const refused = await refusal(client.send(new ListProfilesCommand({})))
      assert.equal([refused.name, refused.status], [name, 403])
      client.destroy()
    }
  }),
)

control('refuses an action, and what a call needs besides its own', () =>
  withPlace(async ({ client, account, permissions }) => {
    const tags = [{ key: 'a', value: 'b' }]
    const source = bundle(root.pem)
    const plainAnchor = () => client.send(new CreateTrustAnchorCommand({ name: 'a', source }))
    const denied = async (action: string, call: () => Promise<unknown>): Promise<string> => {
      permissions.refused.add(action)
      const refused = await refusal(call())
      permissions.refused.delete(action)
      assert.is(refused.name, 'AccessDeniedException', action)
      assert.is(refused.status, 403)
      const words = `User: ${OPERATOR} is not authorized to perform: ${action} on resource: `
      assert.ok(refused.message.startsWith(words), refused.message)
      return refused.message.slice(words.length)
    }
    await denied('rolesanywhere:CreateTrustAnchor', plainAnchor)
    assert.match(await denied('iam:CreateServiceLinkedRole', plainAnchor), /AWSServiceRoleForRolesAnywhere/)
    assert.is(account.anchors.size, 0)
    await plainAnchor()
    permissions.refused.add('iam:CreateServiceLinkedRole')
    await plainAnchor()
    permissions.refused.clear()

    await denied('rolesanywhere:TagResource', () => makeProfile(client, { tags }))
    assert.match(await denied('iam:PassRole', () => makeProfile(client)), new RegExp(`^${ROLE} because`))
    assert.is(account.profiles.size, 0)
    permissions.refused.add('iam:PassRole').add('rolesanywhere:TagResource')
    const profileId = await makeProfile(client, { roleArns: [] })
    await client.send(new UpdateProfileCommand({ profileId, durationSeconds: 900 }))
    permissions.refused.clear()
    const pass = (...roleArns: string[]) => client.send(new UpdateProfileCommand({ profileId, roleArns }))
    await denied('iam:PassRole', () => pass(ROLE))
    permissions.may = ({ action, resource }) => action !== 'iam:PassRole' || resource === ROLE
    await pass(ROLE)
    assert.match((await refusal(pass(ROLE, `${ROLE}2`))).message, /iam:PassRole on resource: \S+admin2 /)
    const foreign = await refusal(pass('arn:aws:iam::999988887777:role/admin'))
    assert.equal(
      [foreign.name, foreign.message],
      ['AccessDeniedException', 'Cross-account pass role is not allowed.'],
    )
    assert.equal(account.profiles.get(profileId)?.roleArns, [ROLE])
    await denied('rolesanywhere:GetProfile', () => client.send(new GetProfileCommand({ profileId })))
  }),
)

control('fails on demand before a call and after it, and counts', () =>
  withPlace(async ({ hosted, service, account, client }) => {
    const patient = clientOf(hosted.url, { maxAttempts: 2 })
    service.before = ({ number }) => [undefined, unavailable(), throttled()][number]
    await patient.send(new ListProfilesCommand({}))
    assert.is(service.count('rolesanywhere:ListProfiles'), 3)
    service.before = () => unavailable()
    assert.equal(await refusal(client.send(new ListProfilesCommand({}))), {
      ...{ name: 'ServiceUnavailableException', message: 'The service is unavailable.', status: 503 },
    })
    service.before = () => 'cut'
    assert.match((await refusal(makeProfile(client))).message, /hang up/)
    assert.is(account.profiles.size, 0)
    service.before = undefined
    service.after = () => 'cut'
    assert.match((await refusal(makeProfile(client))).message, /hang up/)
    assert.is(account.profiles.size, 1, 'it was made, and only the answer was lost')
    assert.is(service.count(), 6)
    patient.destroy()
  }),
)

function policy(condition: object, maxSessionSeconds = 3600): RolePolicy {
  const statement = {
    ...{ Effect: 'Allow', Principal: { Service: 'rolesanywhere.amazonaws.com' }, Condition: condition },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
  }
  return { trustPolicy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }), maxSessionSeconds }
}

control('CreateSession follows what is made, switched off and trusted', () =>
  withPlace(async ({ client, account, service, policies }) => {
    const trustAnchorId = await makeAnchor(client)
    const profileId = await makeProfile(client)
    const trustAnchorArn = account.anchors.get(trustAnchorId)?.arn ?? ''
    const profileArn = account.profiles.get(profileId)?.arn ?? ''
    const body = { trustAnchorArn, profileArn, roleArn: ROLE }
    const exchange = async (commonName: string, issuer = cluster): Promise<string> => {
      const subject = [['CN', commonName]] as const
      const request = workloadRequest({ issuer, subject, nowMs: Date.now(), body })
      const answer = (await service.handle(request)) as EmulatorResponse
      return answer.status === 201 ? 'done' : String(bodyOf(answer)['message'])
    }
    const unable = `Unable to assume role for ${ROLE}`
    assert.is(await exchange('a.default.prod'), unable, 'no such role')
    const admit = (names: readonly string[]): void => {
      policies.set(
        ROLE,
        policy({
          ArnEquals: { 'aws:SourceArn': trustAnchorArn },
          StringEquals: {
            'aws:PrincipalTag/x509Subject/CN': names,
            'aws:PrincipalTag/x509Issuer/CN': 'iam-ra prod/default',
          },
        }),
      )
    }
    admit(['a.default.prod'])
    assert.is(await exchange('a.default.prod'), 'done')
    assert.is(await exchange('b.default.prod'), unable)
    assert.is(await exchange('a.default.prod', root), unable, 'signed by another than the cluster’s')
    admit(['b.default.prod'])
    assert.is(await exchange('a.default.prod'), unable)
    assert.is(await exchange('b.default.prod'), 'done')
    assert.is(await exchange('b.default.prod', other), 'Untrusted signing certificate')

    await client.send(new DisableProfileCommand({ profileId }))
    assert.is(await exchange('b.default.prod'), 'Invalid or empty profile provided.')
    await client.send(new EnableProfileCommand({ profileId }))
    await client.send(new DisableTrustAnchorCommand({ trustAnchorId }))
    assert.is(await exchange('b.default.prod'), 'Specified Trust Anchor is disabled.')
    await client.send(new EnableTrustAnchorCommand({ trustAnchorId }))
    await client.send(new UpdateProfileCommand({ profileId, roleArns: [`${ROLE}2`] }))
    assert.is(await exchange('b.default.prod'), "Requested Role isn't one of those listed in the Profile.")
    await client.send(new UpdateProfileCommand({ profileId, roleArns: [ROLE], durationSeconds: 7200 }))
    assert.match(await exchange('b.default.prod'), /exceeds the MaxSessionDuration/)
    await client.send(new UpdateProfileCommand({ profileId, durationSeconds: 1800 }))
    assert.is(await exchange('b.default.prod'), 'done')
    assert.is(service.created.at(-1)?.durationSeconds, 1800)

    const { subjects } = await client.send(new ListSubjectsCommand({}))
    assert.equal(
      subjects?.map(({ x509Subject }) => x509Subject),
      ['CN=a.default.prod', 'CN=b.default.prod'],
    )
    const { subject } = await client.send(new GetSubjectCommand({ subjectId: subjects?.[0]?.subjectId }))
    assert.is(subject?.x509Subject, 'CN=a.default.prod')
    await client.send(new DeleteTrustAnchorCommand({ trustAnchorId }))
    assert.is(await exchange('b.default.prod'), "Specified Trust Anchor wasn't found.")
  }),
)

control('an attribute mapping decides which tags a policy sees', () =>
  withPlace(async ({ client, account, service, policies }) => {
    const anchorId = await makeAnchor(client)
    const profileId = await makeProfile(client)
    const profile = account.profiles.get(profileId)
    assert.ok(profile)
    policies.set(ROLE, policy({ StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'a.default.prod' } }))
    const arns = {
      trustAnchorArn: account.anchors.get(anchorId)?.arn ?? '',
      profileArn: profile.arn,
      roleArn: ROLE,
    }
    const status = async (commonName = 'a.default.prod'): Promise<number> => {
      const subject = [['CN', commonName]] as const
      const request = workloadRequest({ issuer: root, subject, nowMs: Date.now(), body: arns })
      return ((await service.handle(request)) as EmulatorResponse).status
    }
    assert.is(await status(), 201)
    const map = (...specifiers: readonly string[]): void => {
      const mappingRules = specifiers.map((specifier) => ({ specifier }))
      account.profiles.set(profileId, {
        ...profile,
        attributeMappings: [{ certificateField: 'x509Subject', mappingRules }],
      })
    }
    map('OU')
    assert.is(await status(), 403)
    map('OU', 'CN')
    assert.is(await status(), 201)
    policies.set(ROLE, policy({}))
    assert.is(await status('anyone'), 201)
    assert.is(await status('a*b'), 403, 'no tag can have this value')
  }),
)

control.run()
