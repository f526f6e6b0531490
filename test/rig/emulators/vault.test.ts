import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { emulatorRequest, type EmulatorResponse } from './http.ts'
import { bodyOf, postJson } from './requests.ts'
import { BAD_TOKEN, cluster, DENIED, login, refused, tokenOf, vault, wait } from './vault-fixture.ts'
import type { VaultEmulator } from './vault.ts'

const logins = suite('Vault login')

logins('answers a genuine token as Vault does', () => {
  const server = vault()
  const answer = login(server)
  assert.is(answer.status, 200)
  assert.is(answer.headers['Content-Type'], 'application/json')
  assert.is(answer.headers['Cache-Control'], 'no-store')
  assert.is(answer.headers['Date'], 'Sat, 21 Nov 2026 12:00:00 GMT')
  const body = bodyOf(answer)
  const auth = body['auth'] as Record<string, unknown>
  assert.match(String(auth['client_token']), /^hvs\.[\w-]{90,}$/)
  assert.equal(auth['policies'], ['default', 'signer'])
  assert.is(auth['lease_duration'], 300)
  assert.is(auth['renewable'], true)
  assert.is(auth['token_type'], 'service')
  assert.is(auth['num_uses'], 0)
  assert.match(String(auth['entity_id']), /^[0-9a-f-]{36}$/)
  assert.is((auth['metadata'] as Record<string, unknown>)['service_account_name'], 'vault-auth')
  assert.is((auth['metadata'] as Record<string, unknown>)['role'], 'app')
  assert.equal(server.logins, [
    { requestId: String(body['request_id']), mount: 'k8s/demo', accessor: String(auth['accessor']) },
  ])
  assert.is(server.liveTokens(), 1)
})

logins('takes PUT as well as POST, and no other method', () => {
  const server = vault()
  const body = JSON.stringify({ role: 'app', jwt: cluster.token() })
  const target = '/v1/auth/k8s/demo/login'
  assert.is(server.handle(emulatorRequest({ method: 'PUT', target, body })).status, 200)
  refused(server.handle(emulatorRequest({ method: 'LIST', target })), 403, 'permission denied')
  refused(server.handle(emulatorRequest({ method: 'GET', target })), 405, 'unsupported operation')
})

logins('by kubernetes does not tell the case of a role’s name apart', () => {
  assert.is(login(vault(), { role: 'App', jwt: cluster.token() }).status, 200)
})

logins('refuses by kubernetes in the plugin’s words', () => {
  const server = vault()
  const jwt = cluster.token()
  refused(login(server, { jwt }), 400, 'missing role')
  refused(login(server, { role: 'app' }), 400, 'missing jwt')
  refused(login(server, { role: 'other', jwt }), 400, 'invalid role name "other"')
  refused(login(server, { role: 'constructor', jwt }), 400, 'invalid role name "constructor"')
  refused(login(server, { role: 'app', jwt: 'no token' }), 403, 'permission denied')
  refused(login(server, { role: 1, jwt }), 400, 'invalid role name "1"')
  const as = (request: Parameters<typeof cluster.token>[0]): EmulatorResponse =>
    login(server, { role: 'app', jwt: cluster.token(request) })
  refused(as({ serviceAccount: 'default' }), 403, 'service account name not authorized')
  refused(as({ namespace: 'backend' }), 403, 'namespace not authorized')
  refused(
    as({ audiences: ['https://kubernetes.default.svc'] }),
    403,
    'invalid audience (aud) claim: audience claim does not match any expected audience',
  )
  refused(as({ lifetimeSeconds: -120 }), 403, 'invalid expiration time (exp) claim: token is expired')
  assert.is(server.logins.length, 0)
})

logins('refuses by kubernetes what only TokenReview can tell, without saying why', () => {
  const server = vault()
  const jwt = (request: Parameters<typeof cluster.token>[0]): object => ({
    role: 'app',
    jwt: cluster.token(request),
  })
  refused(login(server, jwt({ genuine: false })), 403, 'permission denied')
  const removed = cluster.token({ serviceAccount: 'vault-removed' })
  cluster.deleteServiceAccount('frontend', 'vault-removed')
  refused(login(server, { role: 'app', jwt: removed }), 403, 'permission denied')
})

logins('takes by kubernetes a token that ended half a minute ago, as the API server does', () => {
  const jwt = cluster.token({ lifetimeSeconds: -30 })
  assert.is(login(vault(), { role: 'app', jwt }).status, 200)
})

logins('refuses a token whose claims were changed after it was signed', () => {
  const [header, payload = '', signature] = cluster.token({ serviceAccount: 'vault-other' }).split('.')
  const claims = Buffer.from(payload, 'base64url').toString().replaceAll('vault-other', 'vault-auth')
  const forged = [header, Buffer.from(claims).toString('base64url'), signature].join('.')
  refused(login(vault(), { role: 'app', jwt: forged }), 403, 'permission denied')
})

logins('by jwt checks the signature itself and refuses with 400', () => {
  const server = vault()
  const by = (body: object): EmulatorResponse => server.handle(postJson('/v1/auth/jwt/login', body))
  const answer = by({ role: 'APP', jwt: cluster.token() })
  assert.is(answer.status, 200)
  const auth = bodyOf(answer)['auth'] as Record<string, unknown>
  assert.equal(auth['metadata'], { service_account_name: 'vault-auth', role: 'app' })
  refused(by({ role: 'none', jwt: cluster.token() }), 400, 'role "none" could not be found')
  refused(by({ role: 'app' }), 400, 'missing token')
  const validating = 'error validating token: '
  refused(
    by({ role: 'app', jwt: 'no token' }),
    400,
    `${validating}error verifying token signature: go-jose/go-jose: compact JWS format must have three parts`,
  )
  refused(
    by({ role: 'app', jwt: cluster.token({ genuine: false }) }),
    400,
    `${validating}error verifying token signature: no known key successfully validated the token signature`,
  )
  refused(
    by({ role: 'app', jwt: cluster.token({ audiences: ['other'] }) }),
    400,
    `${validating}invalid audience (aud) claim: audience claim does not match any expected audience`,
  )
  refused(
    by({ role: 'app', jwt: cluster.token({ lifetimeSeconds: -120 }) }),
    400,
    `${validating}invalid expiration time (exp) claim: token is expired`,
  )
  refused(
    by({ role: 'app', jwt: cluster.token({ namespace: 'backend' }) }),
    400,
    'error validating claims: claim "/kubernetes.io/namespace" does not match any associated bound claim values',
  )
})

logins('at a mount that does not exist is a request without a token', () => {
  const body = { role: 'app', jwt: cluster.token() }
  refused(vault().handle(postJson('/v1/auth/kubernetes/login', body)), 403, 'permission denied')
  refused(vault().handle(postJson('/v1/auth//login', body)), 403, 'permission denied')
})

logins('with something other than a JSON object is refused', () => {
  const target = '/v1/auth/k8s/demo/login'
  refused(vault().handle(emulatorRequest({ method: 'POST', target, body: '{' })), 400, 'error parsing JSON')
  refused(vault().handle(emulatorRequest({ method: 'POST', target, body: 'null' })), 400, 'missing role')
})

const server = suite('Vault server')

server('sealed, standby and healthy nodes say so', () => {
  const node = vault()
  const health = emulatorRequest({ method: 'GET', target: '/v1/sys/health' })
  assert.is(node.handle(health).status, 200)
  node.options.activeNode = 'http://127.0.0.1:1'
  const redirect = login(node)
  assert.is(redirect.status, 307)
  assert.is(redirect.headers['Location'], 'http://127.0.0.1:1/v1/auth/k8s/demo/login')
  assert.is(node.handle(health).status, 429)
  node.options.sealed = true
  refused(login(node), 503, 'Vault is sealed')
  assert.is(node.handle(health).status, 503)
  assert.is(bodyOf(node.handle(health))['sealed'], true)
})

server('of Enterprise wants its namespace, in the header or in the path', () => {
  const node = vault()
  node.options.namespace = 'team/a'
  const body = { role: 'app', jwt: cluster.token() }
  const path = 'auth/k8s/demo/login'
  assert.is(node.handle(postJson(`/v1/${path}`, body, { 'X-Vault-Namespace': 'team/a/' })).status, 200)
  assert.is(node.handle(postJson(`/v1/team/a/${path}`, body)).status, 200)
  refused(node.handle(postJson(`/v1/${path}`, body)), 403, 'permission denied')
  refused(
    node.handle(postJson(`/v1/${path}`, body, { 'X-Vault-Namespace': 'team' })),
    403,
    'permission denied',
  )
})

const tokens = suite('Vault tokens')

function revokeSelf(node: VaultEmulator, token: string): EmulatorResponse {
  return node.handle(postJson('/v1/auth/token/revoke-self', {}, { 'X-Vault-Token': token }))
}

tokens('can revoke themselves once', () => {
  const node = vault()
  const token = tokenOf(login(node))
  const answer = revokeSelf(node, token)
  assert.is(answer.status, 204)
  assert.is(answer.body, '')
  assert.is(node.liveTokens(), 0)
  assert.is(node.revocations.length, 1)
  refused(revokeSelf(node, token), 403, BAD_TOKEN)
  refused(revokeSelf(node, 'hvs.unknown'), 403, BAD_TOKEN)
  refused(node.handle(postJson('/v1/auth/token/revoke-self', {})), 403, 'permission denied')
})

tokens('of type batch cannot be revoked', () => {
  const node = vault({ role: { type: 'batch' } })
  const answer = login(node)
  const auth = bodyOf(answer)['auth'] as Record<string, unknown>
  assert.is(auth['token_type'], 'batch')
  assert.is(auth['accessor'], '')
  assert.is(auth['renewable'], false)
  assert.match(tokenOf(answer), /^hvb\./)
  refused(revokeSelf(node, tokenOf(answer)), 400, 'batch tokens cannot be revoked')
})

tokens('end with their time and with their last use', () => {
  const timed = vault()
  const token = tokenOf(login(timed))
  wait(300_000)
  assert.is(timed.liveTokens(), 0)
  refused(revokeSelf(timed, token), 403, BAD_TOKEN)

  const limited = vault({ role: { numUses: 1 } })
  const once = tokenOf(login(limited))
  const use = (): EmulatorResponse =>
    limited.handle(postJson('/v1/pki/int/sign/none', {}, { 'X-Vault-Token': once }))
  refused(use(), 403, DENIED)
  refused(use(), 403, BAD_TOKEN)
})

logins.run()
server.run()
tokens.run()
