/** The same logins to the emulated Vault and to the real one. */
import { suite } from 'uvu'
import type { TokenRequest } from '../rig/emulators/cluster.ts'
import { comparing, login, sharedTokens } from './comparison.ts'
import { startTwins, type Twins } from './twins.ts'

const twins = suite('the emulated Vault beside the real one: login')

let both: Twins
twins.before(async () => {
  both = await startTwins()
})
twins.after(() => both.close())

/** What is not the same, and why that is accepted. Each is seen to differ still. */
const ACCEPTED: Readonly<Record<string, string>> = {
  'kubernetes: PATCH':
    'Vault first asks for the media type of a JSON merge patch, and the client never patches',
  'jwt: PATCH': 'Vault first asks for the media type of a JSON merge patch, and the client never patches',
  'a login with two slashes':
    "Go's router answers it, with 301 or 307 by the version that Vault was built with, and the client sends none",
}

const compare = comparing(twins, () => both, ACCEPTED)
const jwt = sharedTokens(() => both.stage)

const LOGINS: Readonly<Record<string, TokenRequest>> = {
  'a genuine token': {},
  'another account': { serviceAccount: 'stranger' },
  'another namespace': { namespace: 'backend' },
  'another audience': { audiences: ['api'] },
  'an expired token': { lifetimeSeconds: -3600 },
  'a token that is not valid yet': { issuedAt: Math.floor(Date.now() / 1000) + 3600 },
  'a forged token': { genuine: false },
}

for (const [title, request] of Object.entries(LOGINS)) {
  for (const method of ['kubernetes', 'jwt']) {
    compare(`${method}: ${title}`, (ask) => ask(login(method, { role: 'app', jwt: jwt(title, request) })))
  }
}

for (const role of [
  'batch',
  'once',
  'unbound',
  'subject',
  'claims',
  'missing',
  'user',
  'APP',
  'nothing',
  '',
]) {
  compare(`jwt: role ${role === '' ? 'empty' : role}`, (ask) =>
    ask(login('jwt', { role, jwt: jwt('genuine') })),
  )
}
for (const role of ['APP', 'nothing', '']) {
  compare(`kubernetes: role ${role === '' ? 'empty' : role}`, (ask) =>
    ask(login('kubernetes', { role, jwt: jwt('genuine') })),
  )
}
for (const method of ['kubernetes', 'jwt']) {
  compare(`${method}: no role`, (ask) => ask(login(method, { jwt: jwt('genuine') })))
  compare(`${method}: no jwt`, (ask) => ask(login(method, { role: 'app' })))
  compare(`${method}: a jwt that is none`, (ask) => ask(login(method, { role: 'app', jwt: 'nothing' })))
  compare(`${method}: a role that is a number`, (ask) => ask(login(method, { role: 1, jwt: jwt('genuine') })))
  compare(`${method}: PUT`, (ask) =>
    ask({ ...login(method, { role: 'app', jwt: jwt('genuine') }), method: 'PUT' }),
  )
  for (const verb of ['GET', 'DELETE', 'LIST', 'PATCH']) {
    compare(`${method}: ${verb}`, (ask) => ask({ method: verb, path: `auth/${method}/login` }))
  }
  compare(`${method}: an empty body`, (ask) => ask({ method: 'POST', path: `auth/${method}/login` }))
  compare(`${method}: bad JSON`, (ask) => ask({ method: 'POST', path: `auth/${method}/login`, body: '{' }))
  compare(`${method}: JSON that is a list`, (ask) =>
    ask({ method: 'POST', path: `auth/${method}/login`, body: '[]' }),
  )
  compare(`${method}: JSON that is null`, (ask) =>
    ask({ method: 'POST', path: `auth/${method}/login`, body: 'null' }),
  )
}
compare('a login where nothing is mounted', (ask) =>
  ask({ ...login('nowhere', { role: 'app', jwt: jwt('genuine') }) }),
)
compare('a login with two slashes', (ask) => ask(login('', { role: 'app', jwt: jwt('genuine') })))

for (const [title, method, path] of [
  ['health', 'GET', 'sys/health'],
  ['health by HEAD', 'HEAD', 'sys/health'],
  ['login', 'POST', 'auth/kubernetes/login'],
  ['a request without a token', 'POST', 'pki/sign/any'],
  ['a request where nothing is mounted', 'POST', 'nowhere/at/all'],
] as const) {
  compare(`${title}, unsealed`, (ask) => ask({ method, path }))
  compare(`${title}, sealed`, async (ask) => {
    const { server, vaultEmulator } = both.stage
    vaultEmulator.options.sealed = true
    await server.seal()
    try {
      return await ask({ method, path })
    } finally {
      vaultEmulator.options.sealed = false
      await server.unseal()
    }
  })
}

twins.run()
