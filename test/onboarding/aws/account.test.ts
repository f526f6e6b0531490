/** Where the operator's calls go and with what: endpoints, proxy, CA, keys and region, as the environment has them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { openAccount, type Account } from '../../../src/onboarding/aws/account.ts'
import { createHttpHandler } from '../../../src/onboarding/aws/http-handler.ts'
import type { HttpAnswer, HttpClientOptions, HttpRequest } from '../../../src/net/http.ts'
import { TransportError } from '../../../src/net/http.ts'
import { virtualClock } from '../../rig/virtual-clock.ts'
import { createAuthority } from '../../rig/emulators/authority.ts'
import * as fs from 'node:fs/promises'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const home = mkdtempSync(join(tmpdir(), 'iam-ra-account-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-central-1' }
const IDENTITY =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws-cn:iam::111122223333:user/ops</Arn><UserId>x</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>'
const UPDATED =
  '<UpdateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><UpdateRoleResult/></UpdateRoleResponse>'

interface Sent {
  readonly options: HttpClientOptions
  readonly request: HttpRequest
}

function answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, body, headers, header: (name) => headers[name] }
}

async function open(
  env: Readonly<Record<string, string>>,
  reply: (request: HttpRequest) => HttpAnswer = ({ body = '', method }) =>
    answer(
      200,
      body.includes('GetCallerIdentity') ? IDENTITY : method === 'GET' ? '{"trustAnchors":[]}' : UPDATED,
    ),
): Promise<{ readonly account: Account; readonly sent: readonly Sent[] }> {
  const sent: Sent[] = []
  const clock = virtualClock(Date.now())
  const http = (options: HttpClientOptions) => ({
    request: (request: HttpRequest) => {
      sent.push({ options, request })
      return Promise.resolve().then(() => reply(request))
    },
    close: () => undefined,
  })
  const opening = openAccount(
    { env, fs, http, clock, random: () => 0.5 },
    { interrupt: new AbortController().signal },
  )
  return { account: await opening, sent }
}

const refusal = async (env: Readonly<Record<string, string>>): Promise<IamRaError> => {
  const error = await open(env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.instance(error, IamRaError)
  return error as IamRaError
}

const account = suite("an operator's account")

account('asks AWS of the region, signed with the keys of the environment', async () => {
  const { account: opened, sent } = await open({ ...KEYS, AWS_SESSION_TOKEN: 'token' })
  assert.equal([opened.id, opened.partition, opened.region], ['111122223333', 'aws-cn', 'eu-central-1'])
  await opened.rolesAnywhere.listAnchors()
  const [sts, anchors] = sent.map(({ request }) => request)
  assert.is(sts?.url.href, 'https://sts.eu-central-1.amazonaws.com/')
  assert.is(anchors?.url.href, 'https://rolesanywhere.eu-central-1.amazonaws.com/trustanchors')
  for (const one of [sts, anchors]) {
    assert.match(
      one?.headers['authorization'] ?? '',
      /Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/(sts|rolesanywhere)\/aws4_request/,
    )
    assert.is(one?.headers['x-amz-security-token'], 'token')
  }
})

account('goes through HTTPS_PROXY but for what NO_PROXY names and what is on this machine', async () => {
  const env = { ...KEYS, https_proxy: 'http://proxy.example:3128', NO_PROXY: '.rolesanywhere.example' }
  const { account: opened, sent } = await open({
    ...env,
    AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://eu.rolesanywhere.example:8443',
    AWS_ENDPOINT_URL_IAM: 'http://127.0.0.1:4566',
  })
  await opened.rolesAnywhere.listAnchors()
  await opened.iam.setMaxSession('a', 3600)
  assert.equal(
    sent.map(({ options, request }) => [request.url.origin, options.proxy?.origin]),
    [
      ['https://sts.eu-central-1.amazonaws.com', 'http://proxy.example:3128'],
      ['https://eu.rolesanywhere.example:8443', undefined],
      ['http://127.0.0.1:4566', undefined],
    ],
  )
})

account('trusts AWS_CA_BUNDLE on top of the built-in roots', async () => {
  const { pem } = createAuthority({ commonName: 'Proxy CA', nowMs: Date.now() })
  const file = join(home, 'ca.pem')
  writeFileSync(file, pem)
  const { sent } = await open({ ...KEYS, AWS_CA_BUNDLE: file })
  assert.is(sent[0]?.options.caMode, 'add')
  assert.is(sent[0]?.options.ca?.replace(/\s/g, ''), pem.replace(/\s/g, ''))
  const { code, exitCode } = await refusal({ ...KEYS, AWS_CA_BUNDLE: join(home, 'none.pem') })
  assert.equal([code, exitCode], ['INPUT_FILE', 5])
})

account('refuses addresses that would send credentials in clear, and repeats none', async () => {
  for (const name of ['IAM', 'STS', 'ROLESANYWHERE']) {
    const { code, message } = await refusal({ ...KEYS, [`AWS_ENDPOINT_URL_${name}`]: 'http://aws.example' })
    assert.is(code, 'SETTINGS_INVALID')
    assert.is(message, `AWS_ENDPOINT_URL_${name} is http beyond loopback`)
  }
  assert.not.match((await refusal({ ...KEYS, HTTPS_PROXY: 'ftp://user:pass@x' })).message, /pass/)
})

account('says that IAM was not reached, and where it was looked for', async () => {
  const unreachable = (): never => {
    throw new TransportError(
      'tls',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'its certificate is signed by a CA that is not trusted here',
      undefined,
      'untrusted',
    )
  }
  const error = await open(KEYS, unreachable).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const { code, message, hint = '' } = error as IamRaError
  assert.is(code, 'TLS')
  assert.match(message, /no TLS connection to AWS at https:\/\/sts\.eu-central-1\.amazonaws\.com/)
  assert.match(hint, /AWS_CA_BUNDLE/)
})

account('reads all pages, and all members that the client of 2023 drops', async () => {
  const profile = { profileId: 'p', name: 'n', attributeMappings: [{ certificateField: 'x509Subject' }] }
  const { account: opened } = await open(KEYS, ({ url, body = '' }) => {
    if (body.includes('GetCallerIdentity')) return answer(200, IDENTITY)
    return url.searchParams.get('nextToken') === null
      ? answer(200, JSON.stringify({ profiles: [profile], nextToken: 'a+/=' }))
      : answer(
          200,
          JSON.stringify({ profiles: [{ ...profile, profileId: url.searchParams.get('nextToken') }] }),
        )
  })
  const profiles = await opened.rolesAnywhere.listProfiles()
  assert.equal(
    profiles.map(({ id }) => id),
    ['p', 'a+/='],
  )
  assert.equal(profiles[0]?.all['attributeMappings'], profile.attributeMappings)
})

account('takes an error of Roles Anywhere by its header', async () => {
  const { account: opened } = await open(KEYS, ({ body = '' }) =>
    body.includes('GetCallerIdentity')
      ? answer(200, IDENTITY)
      : answer(403, '{"message":"no"}', {
          'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/coral/',
        }),
  )
  const error = await opened.rolesAnywhere.listAnchors().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.match(
    (error as IamRaError).message,
    /not allowed to call rolesanywhere:ListTrustAnchors \(AccessDeniedException: no\)/,
  )
})

account('tells a page of a proxy from AWS', async () => {
  const { account: opened } = await open(KEYS, ({ body = '' }) =>
    answer(200, body.includes('GetCallerIdentity') ? IDENTITY : '<html>blocked</html>'),
  )
  for (const asking of [
    opened.iam.getRole('a'),
    opened.rolesAnywhere.listAnchors(),
    opened.rolesAnywhere.tags('a'),
  ]) {
    const error = await asking.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.match((error as IamRaError).message, /the answer is not from AWS/)
    assert.match((error as IamRaError).hint ?? '', /proxy/)
  }
})

account('sends what the SDK signed: its query in order and fully encoded, its own length', async () => {
  const seen: HttpRequest[] = []
  const client = {
    request: (request: HttpRequest) => {
      seen.push(request)
      return Promise.resolve(answer(200, 'ä', { 'x-one': '1' }))
    },
    close: () => undefined,
  }
  const handler = createHttpHandler({
    clientFor: () => client,
    timeoutMs: 1,
    signal: new AbortController().signal,
  })
  const request = { method: 'POST', protocol: 'https:', hostname: 'a.example', path: '/x%2Fy' }
  const { response } = await handler.handle({
    ...request,
    ...{
      query: { b: ["(1')*", 'é'], a: 'c d', flag: null },
      headers: { Host: 'a', 'Content-Length': '9', x: 'y' },
    },
    body: Buffer.from('ö'),
  })
  assert.is(seen[0]?.url.href, 'https://a.example/x%2Fy?a=c%20d&b=%281%27%29%2A&b=%C3%A9&flag')
  assert.equal(seen[0]?.headers, { x: 'y' })
  assert.is(seen[0]?.body, 'ö')
  assert.equal(
    [response.statusCode, response.headers, Buffer.from(response.body).toString()],
    [200, { 'x-one': '1' }, 'ä'],
  )
  const refused = await handler
    .handle({ ...request, protocol: 'http:', headers: {} })
    .catch((error: unknown) => error)
  assert.is((refused as IamRaError).code, 'SETTINGS_INVALID')
  assert.is(seen.length, 1)
})

account.run()
