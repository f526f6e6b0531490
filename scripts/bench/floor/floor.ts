/**
 * The minimum that the job takes on our runtime: aws-iam-ra's requests, key, atomic file, and revocation in parallel
 * with the exchange, without a library and without the features of a product (checks, retries, error messages,
 * settings). The difference to aws-iam-ra is the price of these. For the bench only: it trusts its environment and its
 * servers.
 */
import { createHash, generateKeyPair, sign, type KeyObject } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { certificateRequest, serialNumber } from './der.ts'
import { connectTo, type Json, type Server } from './http.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

interface Certificate {
  readonly leaf: Buffer
  /** Base64 of the issuer below the trust anchor. */
  readonly chain: string
  readonly key: KeyObject
}

async function main(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const need = (name: string): string => env[name] ?? ''
  const ca = env['VAULT_CACERT'] === undefined ? undefined : await readFile(env['VAULT_CACERT'], 'utf8')
  const vault = connectTo(need('VAULT_ADDR'), ca)
  const jwt = (await readFile(need('SERVICE_ACCOUNT_TOKEN_FILE'), 'utf8')).trim()

  // The key is generated while the login is in flight.
  const making = makeKey(need('KEY_TYPE'))
  const login = await vault.post(
    '/v1/auth/kubernetes/login',
    JSON_TYPE,
    JSON.stringify({ role: need('VAULT_ROLE'), jwt }),
  )
  const token = { 'x-vault-token': (login['auth'] as { client_token: string }).client_token }
  const { publicKey, privateKey } = await making
  const csr = certificateRequest(need('VAULT_CERT_CN'), publicKey, privateKey)
  const { data } = await vault.post(
    `/v1/pki/sign/${need('VAULT_CERT_NAME')}`,
    { ...JSON_TYPE, ...token },
    JSON.stringify({ csr }),
  )
  const issued = data as { certificate: string; issuing_ca: string }
  const revoking = vault.post('/v1/auth/token/revoke-self', { ...JSON_TYPE, ...token }, '{}')
  revoking.catch(() => undefined)

  const certificate: Certificate = {
    leaf: Buffer.from(base64Of(issued.certificate), 'base64'),
    chain: base64Of(issued.issuing_ca),
    key: privateKey,
  }
  const aws = connectTo(need('AWS_ENDPOINT_URL_ROLESANYWHERE'), await trustedByAws(env))
  const body = JSON.stringify({
    profileArn: need('PROFILE_ARN'),
    roleArn: need('ROLE_ARN'),
    trustAnchorArn: need('ANCHOR_ARN'),
  })
  const region = need('ANCHOR_ARN').split(':')[3] ?? ''
  const session = await aws.post('/sessions', signed(aws, body, region, certificate), body)
  await writeFile(need('AWS_SHARED_CREDENTIALS_FILE'), profile(session))
  await revoking
}

async function makeKey(type: string): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  const make = promisify(generateKeyPair)
  return type === 'rsa-2048'
    ? await make('rsa', { modulusLength: 2048 })
    : await make('ec', { namedCurve: 'P-256' })
}

/** As AWS_CA_BUNDLE is meant: in addition to the public roots. */
async function trustedByAws(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[] | undefined> {
  if (env['AWS_CA_BUNDLE'] === undefined) return undefined
  const { rootCertificates } = await import('node:tls')
  return [...rootCertificates, await readFile(env['AWS_CA_BUNDLE'], 'utf8')]
}

/** https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html */
function signed(aws: Server, body: string, region: string, certificate: Certificate): Record<string, string> {
  const algorithm = `AWS4-X509-${certificate.key.asymmetricKeyType === 'ec' ? 'ECDSA' : 'RSA'}-SHA256`
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const headers = {
    'content-type': 'application/json',
    host: new URL(aws.origin).host,
    'x-amz-date': date,
    'x-amz-x509': certificate.leaf.toString('base64'),
    'x-amz-x509-chain': certificate.chain,
  }
  const names = Object.keys(headers).join(';')
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
  const canonical = ['POST', '/sessions', '', lines.join(''), names, sha256(body)].join('\n')
  const scope = `${date.slice(0, 8)}/${region}/rolesanywhere/aws4_request`
  const toSign = [algorithm, date, scope, sha256(canonical)].join('\n')
  const signature = sign('sha256', Buffer.from(toSign), certificate.key).toString('hex')
  const credential = `${serialNumber(certificate.leaf)}/${scope}`
  return {
    ...headers,
    authorization: `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

function profile(session: Json): string {
  const [{ credentials }] = session['credentialSet'] as [{ credentials: Record<string, string> }]
  return `[default]
aws_access_key_id = ${credentials['accessKeyId'] ?? ''}
aws_secret_access_key = ${credentials['secretAccessKey'] ?? ''}
aws_session_token = ${credentials['sessionToken'] ?? ''}
`
}

/** Whole or not at all, and on disk once it exists. */
async function writeFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = await open(`${path}.draft`, 'wx', 0o600)
  await draft.writeFile(text)
  await draft.sync()
  await rename(`${path}.draft`, path)
  await draft.close()
  const folder = await open(dirname(path), 'r')
  await folder.sync()
  await folder.close()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function base64Of(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '')
}

await main(process.env)
process.exit()
