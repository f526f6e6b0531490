import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ISSUER, jwt, scene } from './scene.ts'

const caller = suite('agent: tokens before Vault')

const kubernetes = (changes: object): object => ({
  'kubernetes.io': {
    namespace: 'frontend',
    node: { name: 'node-1' },
    serviceaccount: { name: 'app', uid: 'uid-1' },
    ...changes,
  },
})

const refused: readonly [title: string, claims: object, status: number][] = [
  ['no expiry', { exp: undefined }, 401],
  ['an expiry that is no number', { exp: '9999999999' }, 401],
  ['an expiry with a fraction', { exp: 9_999_999_999.5 }, 401],
  ['an expiry in the past', { exp: 1 }, 401],
  ['no audience', { aud: undefined }, 401],
  ["Vault's audience", { aud: ['vault'] }, 401],
  ['an audience that begins like it', { aud: ['iam-ra-agent2'] }, 401],
  ['no issuer', { iss: undefined }, 401],
  ["another cluster's issuer", { iss: `${ISSUER}.other` }, 401],
  ['another node', kubernetes({ node: { name: 'node-2' } }), 403],
  ['a node that is no text', kubernetes({ node: { name: 7 } }), 403],
  ['no claims of Kubernetes', { 'kubernetes.io': undefined }, 401],
  ['no account', kubernetes({ serviceaccount: {} }), 401],
  ['no uid', kubernetes({ serviceaccount: { name: 'app' } }), 401],
  ['a namespace with a dot', kubernetes({ namespace: 'a.b' }), 401],
  ['a namespace with a line break', kubernetes({ namespace: 'frontend\n' }), 401],
  ['a namespace that is a path', kubernetes({ namespace: '../x' }), 401],
  ['another subject', { sub: 'system:serviceaccount:other:app' }, 401],
  ['no subject', { sub: undefined }, 401],
]
for (const [title, claims, status] of refused) {
  caller(`${title}: ${status}, and Vault is not asked`, async () => {
    const one = scene()
    const answer = await one.ask(one.token({ claims: claims as Readonly<Record<string, unknown>> }))
    assert.is(answer.status, status)
    assert.is(one.logins.length, 0)
  })
}

for (const [title, token] of [
  ['no JSON Web Token', 'secret'],
  ['four parts', `${jwt({ alg: 'RS256' }, {})}.x`],
  ['no signature', jwt({ alg: 'RS256' }, {}).replace(/[^.]*$/, '')],
  ['no algorithm', jwt({}, {})],
  ['a list of claims', jwt({ alg: 'RS256' }, [])],
  ['a scheme before it', `Bearer ${jwt({ alg: 'RS256' }, {})}`],
  ['nothing', ''],
] as const) {
  caller(`${title}: 401`, async () => {
    const one = scene()
    assert.is((await one.ask(token)).status, 401)
    assert.is(one.logins.length, 0)
  })
}

caller('without a node, as before Kubernetes 1.32, Vault decides', async () => {
  const one = scene()
  const claims = kubernetes({ node: undefined }) as Readonly<Record<string, unknown>>
  assert.is((await one.ask(one.token({ claims }))).status, 200)
})

caller('an audience as text is one', async () => {
  const one = scene()
  assert.is((await one.ask(one.token({ claims: { aud: 'iam-ra-agent' } }))).status, 200)
})

caller.run()

const gate = suite('agent: requests')

gate('only pods are answered', async () => {
  const one = scene()
  for (const address of ['192.168.0.1', '127.0.0.1', '::1', 'fd00:11::1', '', '::ffff:11.0.0.1'])
    assert.is((await one.ask(one.token(), { address })).status, 403, address)
  assert.is(one.logins.length, 0)
})

const hosts: readonly [host: string, status: number][] = [
  ['169.254.170.23:9911', 200],
  ['169.254.170.23', 200],
  ['[fd00:ec2::23]:9911', 200],
  ['[FD00:EC2::23]', 200],
  ['169.254.170.23:9912', 403],
  ['169.254.170.2', 403],
  ['localhost', 403],
  ['rebound.example', 403],
  ['169.254.170.23.example', 403],
  ['', 403],
]
for (const [host, status] of hosts) {
  gate(`Host ${host || 'empty'}: ${status}`, async () => {
    const one = scene()
    const token = one.token()
    const headers = ['Host', host, 'Authorization', token]
    assert.is((await one.ask(token, { headers })).status, status)
  })
}

for (const [title, target, status] of [
  ['the path without a query', '/v1/credentials', 400],
  ['another path', '/', 404],
  ['a slash at the end', '/v1/credentials/', 404],
  ['two slashes', '//v1/credentials', 404],
  ['the path of IMDS', '/latest/meta-data/', 404],
  ['health', '/readyz', 404],
  ['metrics', '/metrics', 404],
  ['an encoded letter', '/v1/%63redentials?role=x', 404],
  ['a second question mark', '/v1/credentials?role=x?y', 400],
] as const) {
  gate(`${title}: ${status}`, async () => {
    const one = scene()
    assert.is((await one.ask(one.token(), { target })).status, status)
  })
}

gate('other methods: 405', async () => {
  const one = scene()
  for (const method of ['POST', 'PUT', 'HEAD', 'OPTIONS', 'get'])
    assert.is((await one.ask(one.token(), { method })).status, 405, method)
})

gate('through a proxy or from a browser: 403', async () => {
  const one = scene()
  const token = one.token()
  for (const name of ['X-Forwarded-For', 'Via', 'Origin', 'Sec-Fetch-Site']) {
    const headers = ['Host', '169.254.170.23', 'Authorization', token, name, 'x']
    assert.is((await one.ask(token, { headers })).status, 403, name)
  }
})

gate('two tokens: 401', async () => {
  const one = scene()
  const token = one.token()
  const headers = ['Host', '169.254.170.23', 'Authorization', token, 'authorization', token]
  assert.is((await one.ask(token, { headers })).status, 401)
})

gate.run()
