/** The same requests with a token to the emulated Vault and to the real one. */
import { suite } from 'uvu'
import { pemOf } from '../rig/emulators/authority.ts'
import type { CsrOptions } from '../rig/emulators/requests.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { comparing, sharedCsr, sharedTokens, vaultToken, type Ask } from './comparison.ts'
import { startTwins, type Twins } from './twins.ts'

const twins = suite('the emulated Vault beside the real one: sign and revoke')

let both: Twins
twins.before(async () => {
  both = await startTwins()
})
twins.after(() => both.close())

/** What is not the same, and why that is accepted. Each is seen to differ still. */
const ACCEPTED: Readonly<Record<string, string>> = {
  'sign: PATCH': 'Vault first asks for the media type of a JSON merge patch, and the client never patches',
  'sign: a csr of other PEM': "the rest of the sentence are the innards of Go's ASN.1 reader",
  'sign: an unknown member': 'the client sends none, and Vault warns of it only',
}

const compare = comparing(twins, () => both, ACCEPTED)
const jwt = sharedTokens(() => both.stage)

function tokenOf(ask: Ask, role?: string): Promise<string> {
  return vaultToken(ask, jwt('genuine'), role)
}

const OWN: CsrOptions = { subject: `CN=${EXAMPLE.commonName}` }

function sign(title: string, role: string, request: CsrOptions, more: object = {}): void {
  compare(`sign: ${title}`, async (ask) => {
    const token = await tokenOf(ask)
    const body = JSON.stringify({ csr: await sharedCsr(request), ...more })
    return await ask({ method: 'POST', path: `pki/sign/${role}`, token, body })
  })
}

sign('own CN', 'any', OWN)
sign('own CN and URI', 'any', { ...OWN, uris: [EXAMPLE.uri] })
sign('own CN as a DNS name too', 'any', { ...OWN, dns: [EXAMPLE.commonName] })
sign('own CN in capitals', 'any', { subject: `CN=${EXAMPLE.commonName.toUpperCase()}` })
for (const cn of [
  'other.frontend.demo',
  'localhost',
  `sub.${EXAMPLE.commonName}`,
  `*.${EXAMPLE.commonName}`,
  'a@b.demo',
  'a b',
  '127.0.0.1',
  'x'.repeat(64),
  `${EXAMPLE.commonName}.`,
]) {
  for (const role of [
    'any',
    'unnamed',
    'subdomains',
    'wildcards',
    'globs',
    'localhost',
    'email',
    'disabled',
    'any-name',
  ]) {
    sign(`CN ${cn} by the role ${role}`, role, { subject: `CN=${cn}` })
  }
}
sign('no CN', 'any', {})
sign('no CN where none is needed', 'no-cn', {})
sign('another DNS name', 'any', { ...OWN, dns: ['other.demo'] })
sign('an IP', 'any', { ...OWN, ips: ['10.0.0.1'] })
sign('an IP where they are allowed', 'ips', { ...OWN, ips: ['10.0.0.1'] })
sign("another's URI", 'any', { ...OWN, uris: ['spiffe://demo/ns/x/sa/y'] })
sign('a URI where none is allowed', 'no-uris', { ...OWN, uris: [EXAMPLE.uri] })
sign('use_csr_common_name=false', 'other-cn', OWN)
sign('use_csr_common_name=false with common_name', 'other-cn', OWN, { common_name: EXAMPLE.commonName })
sign('use_csr_sans=false', 'other-sans', { ...OWN, uris: [EXAMPLE.uri] })
sign('use_csr_sans=false with uri_sans', 'other-sans', OWN, { uri_sans: EXAMPLE.uri })
sign('common_name and alt_names beside the CSR', 'any', OWN, { common_name: 'x', alt_names: 'y' })
sign('uri_sans and ip_sans beside the CSR', 'any', OWN, { uri_sans: 'x', ip_sans: 'y' })
for (const key of ['P-256', 'P-384', 'RSA-2048'] as const) {
  for (const role of ['any', 'rsa', 'ec-384']) sign(`${key} by the role ${role}`, role, { ...OWN, key })
}
for (const ttl of ['30m', 600, '600', '', '72h', '90s', '1d', 'x', '-1', -1, '1.5h', '1w', '2h30m', true]) {
  sign(`ttl ${JSON.stringify(ttl)}`, 'short', OWN, { ttl })
}
sign("beyond the authority's end", 'long', OWN, { ttl: '89000h' })
sign('remove_roots_from_chain', 'any', OWN, { remove_roots_from_chain: true })
sign('an unknown role', 'nothing', OWN)
sign('a role in capitals', 'ANY', OWN)
sign('an unknown member', 'any', OWN, { nothing: 1 })

compare('sign: a csr that its key did not sign', async (ask) => {
  const der = Buffer.from((await sharedCsr(OWN)).replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  const body = JSON.stringify({ csr: pemOf('CERTIFICATE REQUEST', der) })
  return await ask({ method: 'POST', path: 'pki/sign/any', token: await tokenOf(ask), body })
})
for (const [title, body] of [
  ['no csr', '{}'],
  ['an empty body', ''],
  ['bad JSON', '{"csr"'],
  ['a csr that is none', '{"csr": "nothing"}'],
  ['a csr of other PEM', JSON.stringify({ csr: '-----BEGIN X-----\nAAAA\n-----END X-----' })],
  ['a csr that is a number', '{"csr": 1}'],
] as const) {
  compare(`sign: ${title}`, async (ask) =>
    ask({ method: 'POST', path: 'pki/sign/any', token: await tokenOf(ask), body }),
  )
}
for (const method of ['GET', 'DELETE', 'LIST', 'PATCH', 'PUT']) {
  compare(`sign: ${method}`, async (ask) =>
    ask({ method, path: 'pki/sign/any', token: await tokenOf(ask), body: method === 'PUT' ? '{}' : '' }),
  )
}
compare('sign: by a token whose policies do not allow it', async (ask) =>
  ask({ method: 'POST', path: 'pki/sign/any', token: await tokenOf(ask, 'powerless'), body: '{}' }),
)
compare('sign: a mount that is not there', async (ask) =>
  ask({ method: 'POST', path: 'nowhere/sign/any', token: await tokenOf(ask), body: '{}' }),
)
compare('sign: another path of the mount', async (ask) =>
  ask({ method: 'POST', path: 'pki/issue/any', token: await tokenOf(ask), body: '{}' }),
)
for (const [title, token] of [
  ['no token', undefined],
  ['an empty token', ''],
  ['an unknown token', 'hvs.unknown'],
  ['a token of another form', 'nothing'],
] as const) {
  for (const path of ['pki/sign/any', 'auth/token/revoke-self', 'nowhere/sign/any']) {
    compare(`${path}: ${title}`, (ask) =>
      ask({ method: 'POST', path, body: '{}', ...(token === undefined ? {} : { token }) }),
    )
  }
}

for (const [title, role, times] of [
  ['once', 'app', 1],
  ['twice', 'app', 2],
  ['a batch token', 'batch', 1],
  ['a token of one use', 'once', 1],
  ['a token of one use, twice', 'once', 2],
] as const) {
  compare(`revoke: ${title}`, async (ask) => {
    const revoke = {
      method: 'POST',
      path: 'auth/token/revoke-self',
      token: await tokenOf(ask, role),
      body: '{}',
    }
    for (let count = 1; count < times; count += 1) await ask(revoke)
    return await ask(revoke)
  })
}
compare('revoke: GET', async (ask) =>
  ask({ method: 'GET', path: 'auth/token/revoke-self', token: await tokenOf(ask) }),
)
compare('sign: a token that was revoked', async (ask) => {
  const token = await tokenOf(ask)
  await ask({ method: 'POST', path: 'auth/token/revoke-self', token })
  return await ask({ method: 'POST', path: 'pki/sign/any', token, body: '{}' })
})
compare('sign: a token of one use, by its second request', async (ask) => {
  const request = { method: 'POST', path: 'pki/sign/any', token: await tokenOf(ask, 'once'), body: '{}' }
  await ask(request)
  return await ask(request)
})
compare('the API itself', (ask) => ask({ method: 'GET', path: '' }))

twins.run()
