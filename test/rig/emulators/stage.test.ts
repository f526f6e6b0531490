/** The servers of a stage belong together: what one gives out, the next one takes. */
import { generateKeyPairSync } from 'node:crypto'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bodyOf, postJson, sessionRequest, signingRequestWith } from './requests.ts'
import { EXAMPLE, startStage, type Stage, type StageOptions } from './stage.ts'

const der = (pem: unknown): Buffer => Buffer.from(String(pem).replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')

/** Token in, keys out, without a socket; the identity that STS then names. */
async function walk(stage: Stage, method: 'kubernetes' | 'jwt'): Promise<string | undefined> {
  const login = stage.vaultEmulator.handle(
    postJson(`/v1/auth/${method}/login`, { role: stage.env['VAULT_ROLE'], jwt: stage.token() }),
  )
  const auth = bodyOf(login)['auth'] as Record<string, string>
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const csr = await signingRequestWith(keys, { subject: `CN=${EXAMPLE.commonName}`, uris: [EXAMPLE.uri] })
  const path = `/v1/${EXAMPLE.pkiMount}/sign/${stage.env['VAULT_CERT_NAME']}`
  const signed = stage.vaultEmulator.handle(
    postJson(path, { csr }, { 'X-Vault-Token': auth['client_token'] ?? '' }),
  )
  const data = bodyOf(signed)['data'] as Record<string, unknown>
  const chain = (data['ca_chain'] ?? [data['issuing_ca']]) as readonly string[]
  const answer = stage.rolesAnywhereEmulator.handle(
    sessionRequest({
      nowMs: Date.now(),
      key: keys.privateKey,
      leaf: der(data['certificate']),
      chain: chain.map(der),
      serial: BigInt(`0x${String(data['serial_number']).replaceAll(':', '')}`),
      body: {
        roleArn: stage.env['ROLE_ARN'],
        profileArn: stage.env['PROFILE_ARN'],
        trustAnchorArn: stage.env['ANCHOR_ARN'],
      },
    }),
  )
  assert.is(answer.status, 201)
  const [session] = stage.sessions.issued
  assert.ok(session)
  const client = new STSClient({ endpoint: stage.sts.url, region: EXAMPLE.region, credentials: session })
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Arn
  } finally {
    client.destroy()
  }
}

const stages = suite('stage')

const SHAPES: readonly (readonly [string, StageOptions])[] = [
  ['as it is', {}],
  [
    'with RSA authorities, two intermediates and no root in the chain',
    { authorityKey: 'rsa-2048', intermediates: 2, caChain: 'without-root' },
  ],
  ['with no chain at all', { caChain: 'absent' }],
  ['under the root itself', { intermediates: 0 }],
]

for (const [what, options] of SHAPES) {
  stages(`leads from a token to an identity, ${what}`, async () => {
    for (const method of ['kubernetes', 'jwt'] as const) {
      const stage = await startStage(options)
      try {
        const name = stage.env['ROLE_ARN']?.split('/').at(-1)
        assert.match((await walk(stage, method)) ?? '', new RegExp(`:assumed-role/${name}/[0-9a-f]+$`))
        assert.is(stage.vaultEmulator.liveTokens(), 1)
        assert.is(stage.sts.requests.length, 1)
      } finally {
        await stage.close()
      }
    }
  })
}

stages('speaks https by IPv6 where it is asked to, and names itself so in the settings', async () => {
  const stage = await startStage({ tls: true, address: '::1' })
  try {
    assert.match(stage.env['VAULT_ADDR'] ?? '', /^https:\/\/\[::1\]:\d+$/)
    assert.match(stage.tlsAuthority ?? '', /^-----BEGIN CERTIFICATE-----/)
    assert.is(stage.env['AWS_ENDPOINT_URL_ROLESANYWHERE'], stage.rolesAnywhere.url)
  } finally {
    await stage.close()
  }
})

stages.run()
