import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ANCHOR,
  merged,
  PEM_FILE,
  PROFILE,
  refusalOf,
  REQUIRED,
  REQUIRED_MOUNTED,
  REQUIRED_VAULT_AWS,
  ROLE,
  sourceOf,
  taskOf,
  type Changes,
  type Env,
} from './fixture.ts'

async function problemsBeside(required: Env, changes: Changes): Promise<readonly string[]> {
  return (await refusalOf(merged(changes, required), [], '/home/app')).problems
}

function withoutExpected(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/; expected .+$/, ''))
}

const sources = suite('settings: the source of the credentials')

sources('is Vault’s PKI where nothing else is said', async () => {
  const { settings } = await taskOf('once', REQUIRED)
  assert.equal(Object.keys(settings.source), ['kind', 'vault', 'certificate', 'exchange'])
  assert.is(settings.source.kind, 'vault-pki')
})

sources('is never two of them', async () => {
  const all = { ...REQUIRED, ...REQUIRED_MOUNTED, ...REQUIRED_VAULT_AWS }
  assert.equal(
    withoutExpected(await problemsBeside(all, { TRUST_ANCHOR_ARN: ANCHOR, CERTIFICATE_CHAIN_FILE: '/ca' })),
    [
      `VAULT_CERT_NAME: "workload" is set together with VAULT_AWS_PATH, which is another source of credentials`,
      `VAULT_CERT_CN: "app.team.cluster" is set together with VAULT_AWS_PATH, which is another source of credentials`,
      `ANCHOR_ARN: "${ANCHOR}" is set together with VAULT_AWS_PATH, which is another source of credentials`,
      `TRUST_ANCHOR_ARN: "${ANCHOR}" is set together with VAULT_AWS_PATH, which is another source of credentials`,
      `PROFILE_ARN: "${PROFILE}" is set together with VAULT_AWS_PATH, which is another source of credentials`,
      `CERTIFICATE_FILE: "/certificate/tls.crt" is set together with VAULT_AWS_PATH, which is another source of credentials`,
      `PRIVATE_KEY_FILE: "/certificate/tls.key" is set together with VAULT_AWS_PATH, which is another source of credentials`,
      `CERTIFICATE_CHAIN_FILE: "/ca" is set together with VAULT_AWS_PATH, which is another source of credentials`,
    ],
  )
})

sources('is the one that is chosen, even where its setting cannot be read', async () => {
  assert.equal(withoutExpected(await problemsBeside(REQUIRED_VAULT_AWS, { VAULT_AWS_PATH: '$(PATH)' })), [
    'VAULT_AWS_PATH: still contains a $(NAME) reference',
  ])
  assert.equal(withoutExpected(await problemsBeside(REQUIRED_MOUNTED, { CERTIFICATE_FILE: 'a\nb' })), [
    'CERTIFICATE_FILE: contains a line break or another control character',
  ])
})

const mounted = suite('settings: mounted certificates')

mounted('need no Vault', async () => {
  const { settings, warnings } = await taskOf('once', REQUIRED_MOUNTED)
  const { certificate, exchange, ...others } = sourceOf('mounted-certificate', settings.source)
  assert.equal(others, { kind: 'mounted-certificate' })
  assert.equal(certificate, {
    certificateFile: '/certificate/tls.crt',
    privateKeyFile: '/certificate/tls.key',
  })
  assert.is(exchange.endpoint.host, 'rolesanywhere.eu-west-1.amazonaws.com')
  assert.equal(warnings, [])
})

mounted('may have a file for the chain', async () => {
  const { settings } = await taskOf('once', {
    ...REQUIRED_MOUNTED,
    CERTIFICATE_CHAIN_FILE: '/certificate/ca',
  })
  const { certificate } = sourceOf('mounted-certificate', settings.source)
  assert.is(certificate.chainFile, '/certificate/ca')
})

mounted('do not look at what is Vault’s, which a pod may have for its app', async () => {
  const env = {
    VAULT_ADDR: 'nowhere',
    VAULT_ROLE: 'a/b',
    VAULT_CACERT: '/nothing.pem',
    VAULT_AUTH_METHOD: 'x',
  }
  const { settings, warnings } = await taskOf('once', { ...REQUIRED_MOUNTED, ...env })
  assert.is(settings.source.kind, 'mounted-certificate')
  assert.equal(warnings, [])
})

mounted('exclude the names of a certificate that Vault would sign', async () => {
  const changes = { VAULT_CERT_NAME: 'workload', VAULT_CERT_CN: 'app' }
  assert.equal(await problemsBeside(REQUIRED_MOUNTED, changes), [
    'VAULT_CERT_NAME: "workload" is set together with CERTIFICATE_FILE, which is another source of credentials; expected one of them',
    'VAULT_CERT_CN: "app" is set together with CERTIFICATE_FILE, which is another source of credentials; expected one of them',
  ])
})

mounted('are asked for key and ARNs at once', async () => {
  assert.equal(await problemsBeside({ CERTIFICATE_FILE: '/certificate/tls.crt' }, {}), [
    'ROLE_ARN: is not set; expected the ARN of the IAM role to assume',
    'ANCHOR_ARN: is not set; expected the ARN of the trust anchor',
    "PROFILE_ARN: is not set; expected the ARN of the Roles Anywhere profile that lists the role, in the anchor's region and account",
    "PRIVATE_KEY_FILE: is not set; expected a PEM file with the certificate's private key (PKCS #8, PKCS #1 or SEC 1)",
  ])
})

for (const name of ['PRIVATE_KEY_FILE', 'CERTIFICATE_CHAIN_FILE']) {
  mounted(`${name} does not stand alone`, async () => {
    assert.equal(await problemsBeside(REQUIRED, { [name]: '/certificate/x' }), [
      `${name}: "/certificate/x" is set without CERTIFICATE_FILE; expected both, or neither`,
    ])
  })
}

mounted('are named by their paths, and a key in a path’s place is shown nowhere', async () => {
  const KEY = '-----BEGIN PRIVATE KEY-----\\ncanary'
  for (const name of ['CERTIFICATE_FILE', 'PRIVATE_KEY_FILE', 'CERTIFICATE_CHAIN_FILE']) {
    assert.equal(await problemsBeside(REQUIRED_MOUNTED, { [name]: KEY }), [
      `${name}: contains what looks like a private key; expected no secret here: settings that need one take the path of a file`,
    ])
    assert.equal(
      await problemsBeside(REQUIRED_MOUNTED, { [name]: KEY.replace('PRIVATE KEY', 'CERTIFICATE') }),
      [`${name}: contains PEM text itself; expected the path of a file with it`],
    )
    assert.not.match(
      (await problemsBeside(REQUIRED_MOUNTED, { [name]: KEY.replace('\\n', '\n') })).join(),
      'canary',
    )
    assert.not.match((await problemsBeside(REQUIRED_VAULT_AWS, { [name]: KEY })).join(), 'canary')
  }
  const env = merged({ CERTIFICATE_CHAIN_FILE: '/x', CERT_TTL: KEY }, REQUIRED)
  assert.not.match((await refusalOf(env, [], '/home/app')).problems.join(), 'canary')
})

const vaultAws = suite('settings: Vault’s AWS secrets engine')

vaultAws('needs no certificate and no ARN', async () => {
  const { settings, warnings } = await taskOf('once', REQUIRED_VAULT_AWS)
  const { vault, aws, ...others } = sourceOf('vault-aws', settings.source)
  assert.equal(others, { kind: 'vault-aws' })
  assert.is(vault.addr.href, 'https://vault.example:8200/')
  const { sts, ...rest } = aws
  assert.equal(rest, { path: 'aws/creds/readonly' })
  assert.equal(
    { ...sts, endpoint: sts.endpoint.href },
    {
      region: 'us-east-1',
      endpoint: 'https://sts.us-east-1.amazonaws.com/',
    },
  )
  assert.equal(warnings, [])
})

vaultAws('takes role, duration and session name', async () => {
  const { settings } = await taskOf('once', {
    ...REQUIRED_VAULT_AWS,
    VAULT_AWS_PATH: '/v1/team/aws/sts/app/',
    ROLE_ARN: ROLE,
    SESSION_DURATION: '900',
    SESSION_NAME: 'pod@1',
  })
  const { path, roleArn, durationSeconds, sessionName } = sourceOf('vault-aws', settings.source).aws
  assert.equal([path, roleArn?.text, durationSeconds, sessionName], ['team/aws/sts/app', ROLE, 900, 'pod@1'])
})

vaultAws('asks STS by region, variant, proxy and CA', async () => {
  const stsOf = async (env: Record<string, string>): Promise<readonly (string | undefined)[]> => {
    const { settings } = await taskOf('once', { ...REQUIRED_VAULT_AWS, ...env })
    const { endpoint, region, proxy, caFile } = sourceOf('vault-aws', settings.source).aws.sts
    return [endpoint.href, region, proxy?.href, caFile]
  }
  assert.equal(
    await stsOf({ AWS_REGION: 'cn-north-1', AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_CA_BUNDLE: PEM_FILE }),
    ['https://sts.cn-north-1.api.amazonwebservices.com.cn/', 'cn-north-1', undefined, PEM_FILE],
  )
  assert.equal(await stsOf({ AWS_USE_FIPS_ENDPOINT: 'true', HTTPS_PROXY: 'proxy.example:3128' }), [
    'https://sts-fips.us-east-1.amazonaws.com/',
    'us-east-1',
    'http://proxy.example:3128/',
    undefined,
  ])
  const override = { AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:5000', HTTPS_PROXY: 'proxy.example:3128' }
  assert.equal(await stsOf({ ...override, AWS_USE_FIPS_ENDPOINT: 'true', AWS_REGION: 'eu-west-1' }), [
    'http://127.0.0.1:5000/',
    'eu-west-1',
    undefined,
    undefined,
  ])
  assert.equal(
    (await stsOf({ AWS_REGION: 'eusc-de-east-1', AWS_ENDPOINT_URL_STS: 'https://sts.example' }))[0],
    'https://sts.example/',
  )
})

vaultAws('does not look at what is Roles Anywhere’s', async () => {
  const env = { AWS_ENDPOINT_URL_ROLESANYWHERE: 'http://aws.example', KEY_TYPE: 'dsa', CERT_TTL: '1s' }
  const { settings } = await taskOf('once', { ...REQUIRED_VAULT_AWS, ...env })
  assert.is(settings.source.kind, 'vault-aws')
})

vaultAws('is asked for Vault’s settings at once', async () => {
  assert.equal(withoutExpected(await problemsBeside({ VAULT_AWS_PATH: 'aws/x' }, {})), [
    'VAULT_ADDR: is not set',
    'VAULT_ROLE: is not set',
    `VAULT_AWS_PATH: "aws/x" does not name a role of Vault's AWS secrets engine`,
  ])
})

vaultAws('has each wrong setting named once', async () => {
  const lines = await problemsBeside(REQUIRED_VAULT_AWS, {
    ROLE_ARN: ANCHOR,
    SESSION_DURATION: '1h',
    SESSION_NAME: 'a b',
    AWS_REGION: 'nowhere',
    WRITE_REGION: 'true',
    AWS_ENDPOINT_URL_STS: 'http://me:canary@sts.example',
    AWS_CA_BUNDLE: '/nothing.pem',
  })
  assert.equal(withoutExpected(lines), [
    `ROLE_ARN: "${ANCHOR}" is a trust anchor's ARN, which belongs in ANCHOR_ARN`,
    'SESSION_DURATION: "1h" is not a number of whole seconds',
    'SESSION_NAME: "a b" is not a session name',
    'AWS_REGION: "nowhere" is not a region',
    'AWS_ENDPOINT_URL_STS: contains a user name or password',
    'AWS_CA_BUNDLE: "/nothing.pem" cannot be read (ENOENT)',
  ])
})

vaultAws('needs AWS_ENDPOINT_URL_STS in a partition that is not known', async () => {
  assert.equal(await problemsBeside(REQUIRED_VAULT_AWS, { AWS_REGION: 'us-iso-east-1' }), [
    'AWS_ENDPOINT_URL_STS: is not set, and the endpoint for partition aws-iso is unknown; expected the address of STS there',
  ])
})

vaultAws('has no trust anchor to take a region from', async () => {
  assert.equal(await problemsBeside(REQUIRED_VAULT_AWS, { WRITE_REGION: 'true' }), [
    'WRITE_REGION: "true" is true without AWS_REGION, and with VAULT_AWS_PATH there is no trust anchor to take the region from; expected AWS_REGION to be set',
  ])
  const { settings } = await taskOf('once', {
    ...REQUIRED_VAULT_AWS,
    WRITE_REGION: 'true',
    AWS_REGION: 'eu-west-1',
  })
  assert.is(settings.sink.regionFile?.region, 'eu-west-1')
})

sources.run()
mounted.run()
vaultAws.run()
