/**
 * A pod that lies does not ask through our binary: what Vault itself makes of requests by other means, with the token
 * that a pod's login gives. The requests are OpenSSL's.
 */
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { failed } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { api, type ApiAnswer } from '../rig/servers/api.ts'
import { runClean } from './harness.ts'
import { startReference, type Reference } from '../rig/servers/reference.ts'

const { commonName: own, uri, pkiMount, pkiRole, vaultRole } = EXAMPLE

const direct = suite('real: what a pod may ask Vault by itself')

let reference: Reference
direct.before(async () => {
  reference = await startReference()
})
direct.after(() => reference.close())

const METHODS = ['kubernetes', 'jwt'] as const

async function tokenBy(method: (typeof METHODS)[number]): Promise<string> {
  const { json } = await api('PUT', `${reference.server.url}/v1/auth/${method}/login`, {
    body: { role: vaultRole, jwt: reference.token() },
  })
  return (json['auth'] as { client_token: string }).client_token
}

function ask(token: string, path: string, body: object): Promise<ApiAnswer> {
  return api('PUT', `${reference.server.url}/v1/${path}`, { headers: { 'X-Vault-Token': token }, body })
}

/** A certificate request with extensions as OpenSSL's -addext takes them. */
function request(subject: string, ...extensions: readonly string[]): string {
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', '/dev/null', '-subj', subject],
      ...extensions.flatMap((extension) => ['-addext', extension]),
    ],
    { env: cleanEnv({ LC_ALL: 'C', OPENSSL_CONF: '/dev/null' }), encoding: 'utf8' },
  )
  assert.is(made.status, 0, made.stderr)
  return made.stdout
}

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['an IP address', 'IP:127.0.0.1', /^IP Subject Alternative Names are not allowed in this role/],
  ['an IPv6 address', 'IP:::1', /^IP Subject Alternative Names are not allowed in this role/],
  ['an e-mail address elsewhere', 'email:root@example.com', /^email address root@example\.com not allowed/],
  [
    'a user principal name',
    'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:root@demo',
    /^other SAN OID .* not allowed/,
  ],
  ["another's URI beside its own", `URI:${uri},URI:${uri}2`, /^URI Subject Alternative Names/],
  [
    "another's DNS name beside its own",
    `DNS:${own},DNS:a.backend.demo`,
    /alternate name a\.backend\.demo not/,
  ],
]

for (const method of METHODS) {
  for (const [what, name, says] of REFUSED) {
    direct(`by ${method} auth, ${what} in the request is refused`, async () => {
      const { status, json } = await ask(await tokenBy(method), `${pkiMount}/sign/${pkiRole}`, {
        csr: request(`/CN=${own}`, `subjectAltName=${name}`),
      })
      assert.is(status, 400)
      assert.match((json['errors'] as string[])[0] ?? '', says)
    })
  }

  direct(
    `by ${method} auth, what asks to be an authority and to have other names is a plain leaf`,
    async () => {
      const { status, json } = await ask(await tokenBy(method), `${pkiMount}/sign/${pkiRole}`, {
        csr: request(
          `/O=Example/OU=root/CN=${own}`,
          'basicConstraints=critical,CA:TRUE',
          'keyUsage=critical,keyCertSign',
          `subjectAltName=URI:${uri}`,
        ),
        // Beside a CSR these are taken only where use_csr_common_name and use_csr_sans are false.
        common_name: 'vault-auth.backend.demo',
        alt_names: 'localhost',
        ip_sans: '127.0.0.1',
        uri_sans: 'spiffe://demo/ns/backend/sa/vault-auth',
      })
      assert.is(status, 200)
      const leaf = new X509Certificate((json['data'] as { certificate: string }).certificate)
      assert.is(leaf.ca, false)
      assert.is(leaf.subject, `CN=${own}`)
      assert.is(leaf.subjectAltName, `DNS:${own}, URI:${uri}`)
    },
  )

  direct(`by ${method} auth, the token can do nothing else`, async () => {
    const token = await tokenBy(method)
    for (const path of [
      ...[`${pkiMount}/issue/${pkiRole}`, `${pkiMount}/sign/other`, `${pkiMount}/sign-verbatim`],
      ...[`${pkiMount}/sign-verbatim/${pkiRole}`, `${pkiMount}/roles/${pkiRole}`],
      ...[`${pkiMount}/root/sign-intermediate`, 'pki-root/root/sign-intermediate'],
      ...[`auth/${method}/role/${vaultRole}`, `auth/${method}/config`, 'identity/entity'],
      ...['auth/token/create', 'auth/token/renew-self', 'sys/policies/acl/iam-ra'],
    ]) {
      const { status } = await ask(token, path, { csr: request(`/CN=${own}`), common_name: own })
      assert.is(status, 403, path)
    }
    assert.is((await ask(token, 'auth/token/revoke-self', {})).status, 204)
  })
}

direct('another case of its own name is signed, and is nobody to IAM, which compares case', async () => {
  const done = await runClean(reference, { env: { VAULT_CERT_CN: own.toUpperCase() } })
  failed(done, 5, /Unable to assume role/)
})

direct('nothing that was signed is kept in Vault', async () => {
  assert.equal(await reference.server.list(`${pkiMount}/certs`), [])
  // What a mount without no_store would show.
  assert.ok((await reference.server.list('pki-root/certs')).length > 0)
})

direct.run()
