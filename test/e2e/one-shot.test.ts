import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE, startStage, type Stage, type StageOptions } from '../rig/emulators/stage.ts'
import { run, makeFolder, put, type Run, type RunOptions } from './harness.ts'
import { count, succeeded } from './outcome.ts'

const oneShot = suite('e2e: the one-shot')

let stage: Stage
oneShot.before(async () => {
  stage = await startStage({ profile: { acceptRoleSessionName: true } })
})
oneShot.after(() => stage.close())

async function onStage(
  options: StageOptions,
  runOptions: RunOptions = {},
): Promise<{ stage: Stage; done: Run }> {
  const own = await startStage(options)
  try {
    return { stage: own, done: await run(own, runOptions) }
  } finally {
    await own.close()
  }
}

function lines(done: Run): string[] {
  return done.stderr.split('\n').filter((line) => line !== '')
}

function sentLeaf(done: Run): X509Certificate {
  return new X509Certificate(Buffer.from(done.aws.at(-1)?.request.header('x-amz-x509') ?? '', 'base64'))
}

function sentBody(done: Run): Record<string, unknown> {
  return JSON.parse(done.aws.at(-1)?.request.body.toString() ?? '') as Record<string, unknown>
}

oneShot('one login, one signature, one session, one revocation, one line', async () => {
  const done = await run(stage)
  succeeded(stage, done)
  assert.equal(
    done.vault.map(({ request }) => request.path),
    [`/v1/auth/kubernetes/login`, `/v1/pki/sign/iam-ra`, '/v1/auth/token/revoke-self'],
  )
  assert.is(done.aws.length, 1)
  assert.equal(done.files, ['.aws/credentials'])
  const [line = '', ...more] = lines(done)
  assert.equal(more, [])
  const created = stage.rolesAnywhereEmulator.created.at(-1)
  const signed = stage.vaultEmulator.signs.at(-1)
  assert.ok(line.includes(`role=${EXAMPLE.roleArn}`))
  assert.ok(line.includes(`session=${created?.sessionName ?? '?'}`))
  assert.ok(line.includes(`serial=${created?.serial.toUpperCase() ?? '?'}`))
  assert.match(line, /expires=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z/)
  assert.ok(line.includes(`vault_request_id=${signed?.requestId ?? '?'}`))
})

for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072']) {
  oneShot(`KEY_TYPE=${keyType} signs and is accepted`, async () => {
    const done = await run(stage, { env: { KEY_TYPE: keyType } })
    succeeded(stage, done)
    const { namedCurve, modulusLength } = sentLeaf(done).publicKey.asymmetricKeyDetails ?? {}
    const found = modulusLength === undefined ? namedCurve : `rsa-${modulusLength}`
    assert.is(found, { 'ec-p256': 'prime256v1', 'ec-p384': 'secp384r1' }[keyType] ?? keyType)
  })
}

oneShot(
  'a role that wants RSA costs one more request to sign, and a warning that names the setting',
  async () => {
    const { stage: own, done } = await onStage({ pkiRole: { keyType: 'rsa' }, authorityKey: 'rsa-2048' })
    succeeded(own, done)
    assert.is(count(done.vault, /\/sign\//), 2)
    const warnings = lines(done).filter((line) => line.includes('warning'))
    assert.is(warnings.length, 1)
    assert.match(warnings[0] ?? '', /KEY_TYPE=rsa-2048/)
  },
)

oneShot('jwt auth at its default mount', async () => {
  const done = await run(stage, { env: { VAULT_AUTH_METHOD: 'jwt' } })
  succeeded(stage, done)
  assert.is(count(done.vault, /^\/v1\/auth\/jwt\/login$/), 1)
})

oneShot('mounts with slashes, with auth/ before and slashes around', async () => {
  const own = await startStage()
  try {
    const { auth, pki } = own.vaultEmulator.options
    own.vaultEmulator.options.auth = { 'k8s/eu/demo': auth['kubernetes'] as (typeof auth)[string] }
    own.vaultEmulator.options.pki = { 'pki/eu/int': pki['pki'] as (typeof pki)[string] }
    own.vaultEmulator.options.policies = { 'iam-ra': ['pki/eu/int/sign/iam-ra'] }
    const done = await run(own, {
      env: { VAULT_AUTH_MOUNT: '/auth/k8s/eu/demo/', VAULT_PKI_MOUNT: 'pki/eu/int/' },
    })
    succeeded(own, done)
  } finally {
    await own.close()
  }
})

oneShot('a namespace of Vault Enterprise goes with every request', async () => {
  const { stage: own, done } = await onStage({ vaultNamespace: 'team/eu' })
  succeeded(own, done)
  assert.ok(done.vault.every(({ request }) => request.header('x-vault-namespace') === 'team/eu'))
})

oneShot('a batch token is not revoked, without a word', async () => {
  const { stage: own, done } = await onStage({ authRole: { type: 'batch' } })
  succeeded(own, done)
  assert.is(count(done.vault, /revoke/), 0)
  assert.is(lines(done).length, 1)
})

oneShot("Vault's warning of a clamped TTL is passed on, once", async () => {
  const { stage: own, done } = await onStage({ pkiRole: { maxTtlSeconds: 600 } }, { env: { CERT_TTL: '2h' } })
  succeeded(own, done)
  const warnings = lines(done).filter((line) => line.includes('longer than permitted maxTTL'))
  assert.is(warnings.length, 1)
})

oneShot('names, TTL, session name and duration reach the servers', async () => {
  const done = await run(stage, {
    env: {
      CERT_URI_SANS: EXAMPLE.uri,
      CERT_DNS_SANS: EXAMPLE.commonName,
      CERT_TTL: '30m',
      SESSION_NAME: 'pod=frontend@demo',
      SESSION_DURATION: '900',
    },
  })
  succeeded(stage, done)
  const leaf = sentLeaf(done)
  assert.ok(leaf.subjectAltName?.includes(`URI:${EXAMPLE.uri}`))
  assert.ok(leaf.subjectAltName?.includes(`DNS:${EXAMPLE.commonName}`))
  assert.is(Math.round((leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 60_000), 31)
  assert.is(sentBody(done)['roleSessionName'], 'pod=frontend@demo')
  assert.is(sentBody(done)['durationSeconds'], 900)
  assert.match(done.stderr, / session=pod=frontend@demo /)
})

oneShot('what was not set is not sent', async () => {
  const done = await run(stage)
  assert.equal(Object.keys(sentBody(done)).sort(), ['profileArn', 'roleArn', 'trustAnchorArn'])
  assert.match(done.aws[0]?.request.header('user-agent') ?? '', /^aws-iam-ra\/\d/)
})

for (const [caChain, intermediates, sent] of [
  ['with-root', 1, 1],
  ['without-root', 3, 3],
  ['absent', 1, 1],
  ['with-root', 5, 5],
] as const) {
  oneShot(
    `${intermediates} intermediates, ca_chain ${caChain}: ${sent} certificates go with the leaf`,
    async () => {
      const { stage: own, done } = await onStage({ caChain, intermediates })
      succeeded(own, done)
      assert.is(done.aws[0]?.request.header('x-amz-x509-chain')?.split(',').length, sent)
    },
  )
}

oneShot('a role with a path is told apart from another by its name, as STS has it', async () => {
  const roleArn = 'arn:aws:iam::111122223333:role/team/a/frontend-s3-read'
  const own = await startStage({ profile: { roleArns: [roleArn] } })
  try {
    own.rolesAnywhereEmulator.options.roles = [{ arn: roleArn }]
    succeeded(own, await run(own, { env: { ROLE_ARN: roleArn } }))
  } finally {
    await own.close()
  }
})

oneShot('a token that works once more leaves nothing to revoke, without a word', async () => {
  const { stage: own, done } = await onStage({ authRole: { numUses: 1 } })
  succeeded(own, done)
  assert.is(lines(done).length, 1)
})

oneShot('every setting from a file, with the newline of a Secret', async () => {
  const folder = makeFolder()
  const names = [
    'VAULT_ADDR',
    'VAULT_ROLE',
    'VAULT_CERT_NAME',
    'VAULT_CERT_CN',
    'ROLE_ARN',
    'ANCHOR_ARN',
    'PROFILE_ARN',
  ]
  const env = Object.fromEntries(
    names.flatMap((name) => [
      [name, undefined],
      [`${name}_FILE`, put(folder, name, `${stage.env[name] ?? ''}\n`)],
    ]),
  )
  succeeded(stage, await run(stage, { folder, env }))
})

oneShot('a flag goes before the environment, in both of its forms', async () => {
  const done = await run(stage, {
    env: { VAULT_ROLE: 'nobody', VAULT_CERT_NAME: 'nothing' },
    args: ['--vault-role', EXAMPLE.vaultRole, `--vault-cert-name=${EXAMPLE.pkiRole}`],
  })
  succeeded(stage, done)
})

oneShot('TRUST_ANCHOR_ARN serves as well as ANCHOR_ARN', async () => {
  const done = await run(stage, { env: { ANCHOR_ARN: undefined, TRUST_ANCHOR_ARN: EXAMPLE.anchorArn } })
  succeeded(stage, done)
})

oneShot('--quiet says nothing, --verbose each step, LOG_FORMAT=json one object a line', async () => {
  assert.is((await run(stage, { args: ['--quiet'] })).stderr, '')
  const verbose = await run(stage, { args: ['--verbose'], env: { LOG_FORMAT: 'json' } })
  const stages = lines(verbose).map((line) => (JSON.parse(line) as { stage?: string }).stage)
  for (const name of ['identity', 'certificate', 'exchange']) assert.ok(stages.includes(name), name)
})

oneShot.run()
