import net from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accessKeyOf, ask, freePorts, isOpen } from '../commands/reader.ts'
import { EXAMPLE, startStage, type Stage } from '../rig/emulators/stage.ts'
import { childrenOf } from '../rig/processes/memory.ts'
import { withStage } from './harness.ts'
import { childOf, eventually, isAlive, latestKey, listOf } from './long-lived.ts'
import { OTHER, startAgent, withTwoTenants, type NodeAgent } from './node-agent.ts'
import { answerFirst, hangAt } from './servers.ts'

const stage: Stage = await startStage()
withTwoTenants(stage)

const agents: NodeAgent[] = []

/** Listening, and stopped after the test whatever it finds. */
async function listening(own: Stage = stage, env: Readonly<Record<string, string>> = {}): Promise<NodeAgent> {
  const agent = await startAgent(own, { env })
  agents.push(agent)
  await agent.shows('listening on')
  return agent
}

async function stopAll(): Promise<void> {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
  for (const { child, finished } of agents.splice(0)) {
    child.kill('SIGKILL')
    await finished
  }
}

const OTHERS_QUERY = `role=${OTHER.roleArn}`
const created = (): number => stage.rolesAnywhereEmulator.created.length

const pods = suite('e2e: agent and pods')
pods.after.each(stopAll)

pods('pods of two namespaces have a session each, and a second pod of one makes no exchange', async () => {
  const agent = await listening()
  const before = created()
  const mine = await agent.answer(stage.token())
  const others = await agent.answer(stage.token({ namespace: 'backend' }), {
    query: OTHERS_QUERY,
    from: '127.0.0.2',
  })
  assert.equal([mine.status, others.status], [200, 200])
  assert.is.not(accessKeyOf(mine), accessKeyOf(others))
  assert.is(accessKeyOf(await agent.answer(stage.token(), { from: '127.0.0.3' })), accessKeyOf(mine))
  assert.is(created() - before, 2)
  const [first, second] = stage.rolesAnywhereEmulator.created.slice(-2)
  assert.equal([first?.roleArn, second?.roleArn], [EXAMPLE.roleArn, OTHER.roleArn])
  const { stderr } = await agent.stop()
  const lines = stderr.split('\n').filter((line) => line.includes('gave credentials'))
  assert.is(lines.length, 3)
  assert.is(lines.filter((line) => line.includes('namespace=backend')).length, 1)
  for (const line of lines) assert.match(line, / pod=\S+ pod_uid=\S+ role=\S+ serial=[0-9A-F]+$/)
})

pods('a pod that asks for the role of another namespace is refused', async () => {
  const agent = await listening()
  const answer = await agent.answer(stage.token(), { query: OTHERS_QUERY })
  assert.is(answer.status, 403)
  assert.match(answer.body, /AccessDenied/)
  await agent.stop()
})

pods('50 pods that start together make one exchange', async () => {
  const agent = await listening()
  const before = created()
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, pod) => {
      const [token, from] = [stage.token(), `127.0.0.${pod + 1}`]
      await eventually(async () => (await agent.ask(token, { from })).status === 200)
      return accessKeyOf(await agent.ask(token, { from }))
    }),
  )
  assert.equal([...new Set(answers)], [latestKey(stage)])
  assert.is(created() - before, 1)
  await agent.stop()
})

pods('session name and duration are asked of AWS as they are asked of the agent', async () => {
  const agent = await listening()
  const query = `session=a%2Bb&duration=900&role=${encodeURIComponent(EXAMPLE.roleArn)}`
  assert.is((await agent.answer(stage.token(), { query })).status, 200)
  const last = stage.rolesAnywhereEmulator.created.at(-1)
  assert.equal([last?.sessionName, last?.durationSeconds], ['a+b', 900])
  await agent.stop()
})

pods('the exchange’s process has no token in its arguments or its environment', async () => {
  const agent = await listening()
  const hung = hangAt(stage.rolesAnywhere, /sessions/)
  const token = stage.token()
  const early = agent.ask(token)
  await hung
  const child = await childOf(agent.pid)
  for (const file of ['environ', 'cmdline'] as const)
    assert.not.ok(listOf(child, file).some((text) => text.includes(token)))
  assert.is((await early).status, 503)
  agent.child.kill('SIGTERM')
  await agent.finished
})

pods('the exchange goes on when its reader has hung up, and ends with the agent', async () => {
  const agent = await listening()
  const token = stage.token()
  const hung = hangAt(stage.vault, /sign/)
  const socket = net.connect(agent.port, '127.0.0.1')
  socket.write(
    `GET /v1/credentials?role=${EXAMPLE.roleArn} HTTP/1.1\r\nHost: 127.0.0.1:${agent.port}\r\nAuthorization: ${token}\r\n\r\n`,
  )
  await hung
  socket.destroy()
  const [child = 0] = childrenOf(agent.pid)
  assert.ok(isAlive(child))
  agent.child.kill('SIGTERM')
  assert.is((await agent.finished).code, 0)
  assert.not.ok(isAlive(child), 'the exchange goes on without the agent')
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

pods.run()

const tokens = suite('e2e: tokens that the agent is sent')
tokens.after.each(stopAll)

tokens(
  'forged, expired, of another cluster, of another audience or of a deleted account: nothing',
  async () => {
    const elsewhere = await startStage()
    const agent = await listening()
    const { cluster } = stage
    assert.is((await agent.answer(stage.token())).status, 200)
    const deleted = stage.token({ namespace: 'deleted' })
    cluster.deleteServiceAccount('deleted', EXAMPLE.serviceAccount)
    const [head, claims] = stage.token().split('.')
    const bad: readonly (readonly [string, number])[] = [
      [stage.token({ genuine: false }), 403],
      [stage.token({ lifetimeSeconds: -10 }), 401],
      [elsewhere.token(), 403],
      [stage.token({ audiences: ['https://kubernetes.default.svc'] }), 401],
      [deleted, 403],
      [stage.token({ serviceAccount: 'default' }), 403],
      [`${head}.${claims}.`, 401],
      [`${head}.${claims}.AAAA`, 403],
    ]
    for (const [index, [token, status]] of bad.entries()) {
      const answer = await agent.ask(token, { from: `127.0.0.${10 + index}` })
      assert.is(answer.status, status, String(index))
      assert.not.ok(answer.body.includes('SecretAccessKey'))
    }
    await agent.stop()
    await elsewhere.close()
  },
)

tokens('one that another pod replays: nothing', async () => {
  const agent = await listening()
  const token = stage.token()
  assert.is((await agent.answer(token)).status, 200)
  assert.is((await agent.ask(token, { from: '127.0.0.9' })).status, 403)
  assert.match(
    (await agent.stop()).stderr,
    /from another address.* first_address=127\.0\.0\.1 address=127\.0\.0\.9/,
  )
})

tokens('of a pod on another node, or from outside the pods’ range: nothing', async () => {
  const agent = await listening(stage, { AGENT_NODE: 'node-2', AGENT_POD_RANGES: '127.0.0.0/30' })
  assert.is((await agent.ask(stage.token())).status, 403)
  const logins = stage.vaultEmulator.logins.length
  assert.match((await agent.ask(stage.token(), { from: '127.0.0.4' })).body, /only pods/)
  assert.is(stage.vaultEmulator.logins.length, logins)
  await agent.stop()
})

tokens('through a jwt mount that names no account: 502, with claim_mappings in the hint', async () => {
  const { jwt } = stage.vaultEmulator.options.auth
  const agent = await listening(stage, { VAULT_AUTH_METHOD: 'jwt' })
  assert.is((await agent.answer(stage.token())).status, 200)
  if (jwt?.type !== 'jwt') throw new Error('expected a jwt mount')
  const { auth } = stage.vaultEmulator.options
  const { claimMappings: _, ...role } = jwt.roles[EXAMPLE.vaultRole] ?? { audiences: [] }
  stage.vaultEmulator.options.auth = {
    ...auth,
    jwt: { ...jwt, roles: { [EXAMPLE.vaultRole]: role as never } },
  }
  const answer = await agent.ask(stage.token())
  assert.is(answer.status, 502)
  assert.match(answer.body, /claim_mappings/)
  stage.vaultEmulator.options.auth = auth
  await agent.stop()
})

tokens('a thousand unknown ones from one pod do not keep a known one waiting, nor reach Vault', async () => {
  const agent = await listening()
  const token = stage.token()
  assert.is((await agent.answer(token)).status, 200)
  // Made in advance: a signature takes a moment.
  const [head = '', claims = ''] = stage.token().split('.')
  const forged = (at: number): string =>
    `${head}.${claims}.${Buffer.from(`forged ${at}`).toString('base64url')}`
  const before = stage.vault.requests.length
  // A sender of too many connections loses some.
  const flood = Array.from({ length: 1000 }, (_, at) =>
    agent.ask(forged(at), { from: '127.0.0.2' }).then(
      ({ status }) => status,
      () => 0,
    ),
  )
  const known = await Promise.all(Array.from({ length: 20 }, () => agent.ask(token)))
  const statuses = new Set(await Promise.all(flood))
  assert.equal([...new Set(known.map(({ status }) => status))], [200])
  assert.not.ok(statuses.has(200))
  assert.ok(stage.vault.requests.length - before < 50)
  await agent.stop()
})

tokens.run()

const servers = suite('e2e: the agent and its servers')
servers.after.each(stopAll)

servers(
  'Vault sealed: a known pod is answered, a new one told to come back; unsealed: both are',
  async () => {
    await withStage({}, async (own) => {
      const agent = await listening(own)
      const [known, fresh] = [own.token(), own.token()]
      assert.is((await agent.answer(known)).status, 200)
      own.vaultEmulator.options.sealed = true
      assert.is((await agent.ask(known)).status, 200)
      const answer = await agent.ask(fresh, { from: '127.0.0.2' })
      assert.is(answer.status, 503)
      assert.ok(Number(answer.headers['retry-after']) >= 1)
      assert.is((await ask(agent.healthPort, '/readyz')).status, 200)
      own.vaultEmulator.options.sealed = false
      await eventually(async () => (await agent.ask(fresh, { from: '127.0.0.2' })).status === 200)
      await agent.stop()
    })
  },
)

servers('Vault hangs: 503 for a new pod, and for no other reason than that', async () => {
  const agent = await listening()
  const known = stage.token()
  assert.is((await agent.answer(known)).status, 200)
  const hung = hangAt(stage.vault, /login/)
  const answer = agent.ask(stage.token(), { from: '127.0.0.2' })
  await hung
  assert.is((await agent.ask(known)).status, 200)
  assert.is((await answer).status, 503)
  agent.child.kill('SIGTERM')
  assert.is((await agent.finished).code, 0)
})

servers('AWS throttles at first: the session comes with a later question', async () => {
  const agent = await listening()
  const no = { status: 429, body: '{"message":"Rate exceeded"}' }
  answerFirst(stage.rolesAnywhere, /sessions/, no, no)
  const token = stage.token()
  await eventually(async () => (await agent.ask(token)).status === 200)
  await agent.stop()
})

for (const status of [429, 503]) {
  servers(`Vault answers ${status}: a known pod is answered, a new one told when to come back`, async () => {
    const agent = await listening()
    const known = stage.token()
    assert.is((await agent.answer(known)).status, 200)
    const no = { status, headers: { 'Retry-After': '7' }, body: '{"errors":["quota"]}' }
    answerFirst(stage.vault, /login/, ...Array.from({ length: 20 }, () => no))
    const answer = await agent.ask(stage.token(), { from: '127.0.0.2' })
    assert.is(answer.status, 503)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.is((await agent.ask(known)).status, 200)
    stage.vault.intercept = undefined
    await eventually(async () => (await agent.ask(stage.token(), { from: '127.0.0.3' })).status === 200)
    await agent.stop()
  })
}

servers('AWS refuses: 403 with its reason, and CreateSession is not asked again at once', async () => {
  await withStage({ profile: { roleArns: [] } }, async (own) => {
    const agent = await listening(own)
    const token = own.token()
    const answers = [await agent.answer(token), await agent.answer(token), await agent.answer(token)]
    assert.equal(
      answers.map(({ status }) => status),
      [403, 403, 403],
    )
    assert.match(answers[0]?.body ?? '', /hint: /)
    assert.is(own.rolesAnywhere.requests.length, 1)
    await agent.stop()
  })
})

servers('starts before Vault is there, and is ready', async () => {
  const agent = await listening(stage, { VAULT_ADDR: 'http://127.0.0.1:1' })
  assert.is((await ask(agent.healthPort, '/livez')).status, 200)
  assert.is((await ask(agent.healthPort, '/readyz')).status, 200)
  assert.is((await agent.ask(stage.token())).status, 503)
  agent.child.kill('SIGTERM')
  assert.is((await agent.finished).code, 0)
})

servers.run()

const life = suite('e2e: life of the agent')
life.after.each(stopAll)
life.after(() => stage.close())

life('a second agent does not start beside it', async () => {
  const agent = await listening()
  const second = await startAgent(stage, {}, [agent.port, ...(await freePorts(1))])
  const { code, stderr } = await second.finished
  assert.is(code, 6)
  assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: that port is already in use on this node/)
  assert.is((await agent.answer(stage.token())).status, 200)
  await agent.stop()
})

life('killed and started again, it serves as before', async () => {
  const agent = await listening()
  const token = stage.token()
  const asking = Array.from({ length: 20 }, () => agent.ask(token).catch(() => undefined))
  agent.child.kill('SIGKILL')
  await Promise.all([agent.finished, ...asking])
  const next = await startAgent(stage, {}, [agent.port, agent.healthPort])
  agents.push(next)
  await next.shows('listening on')
  assert.is((await next.answer(token)).status, 200)
  next.child.kill('SIGTERM')
  await next.finished
})

life('SIGHUP makes it obtain another session', async () => {
  const agent = await listening()
  const token = stage.token()
  const first = accessKeyOf(await agent.answer(token))
  agent.child.kill('SIGHUP')
  await agent.shows('SIGHUP')
  assert.is.not(accessKeyOf(await agent.answer(token)), first)
  await agent.stop()
})

life('metrics name no account, no role and no address', async () => {
  const agent = await listening()
  await agent.answer(stage.token())
  const { body } = await ask(agent.healthPort, '/metrics')
  assert.match(body, /^aws_iam_ra_agent_exchanges_total\{result="success"\} 1$/m)
  for (const text of [EXAMPLE.namespace, EXAMPLE.serviceAccount, 'role', '127.0.0', 'ASIA'])
    assert.not.ok(body.replace(/^#.*$/gm, '').includes(text), text)
  await agent.stop()
  assert.not.ok(await isOpen(agent.port))
})

for (const [title, request] of [
  ['a megabyte of query', `GET /v1/credentials?role=${'a'.repeat(1024 * 1024)} HTTP/1.1\r\n\r\n`],
  [
    'a megabyte of token',
    `GET /v1/credentials HTTP/1.1\r\nHost: a\r\nAuthorization: ${'a'.repeat(1024 * 1024)}`,
  ],
  ['a line break in the target', 'GET /v1/credentials?role=a\r\nX: y HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['bytes that are no request', '\0\0\0\0\r\n\r\n'],
] as const) {
  life(`${title} is refused, and it goes on`, async () => {
    const agent = await listening()
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const socket = net.connect(agent.port, '127.0.0.1', () => socket.write(request))
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      socket.on('error', () => resolve(text))
      socket.on('close', () => resolve(text))
    })
    assert.match(answer, /^(?:HTTP\/1\.1 4\d\d |$)/)
    assert.is((await agent.answer(stage.token())).status, 200)
    await agent.stop()
  })
}

life('pods that hold, drip and flood connections do not keep another from its answer', async () => {
  const agent = await listening()
  const token = stage.token()
  assert.is((await agent.answer(token)).status, 200)
  const starts = ['', 'GET /v1/cred', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(400)}`]
  const sockets: net.Socket[] = []
  for (let number = 0; number < 1800; number += 1) {
    const localAddress = `127.0.0.${20 + (number % 12)}`
    const socket = net.connect({ port: agent.port, host: '127.0.0.1', localAddress })
    socket.on('error', () => undefined)
    socket.write(starts[number % starts.length] ?? '')
    sockets.push(socket)
    if (number % 100 === 0) assert.is((await agent.ask(token)).status, 200)
  }
  for (let times = 0; times < 20; times += 1) assert.is((await agent.ask(token)).status, 200)
  for (const socket of sockets) socket.destroy()
  assert.is((await agent.answer(stage.token())).status, 200)
  await agent.stop()
})

life('8 KiB of request line and headers are read, and no more', async () => {
  const agent = await listening()
  const token = stage.token()
  const withPadding = async (bytes: number): Promise<number> =>
    (await agent.answer(token, { headers: { Padding: 'a'.repeat(bytes) } })).status
  assert.is(await withPadding(8192 - 200 - token.length - EXAMPLE.roleArn.length), 200)
  assert.is(await withPadding(8192), 431)
  await agent.stop()
})

life('SIGTERM while exchanges run and wait: no process and no Vault token is left', async () => {
  const agent = await listening()
  const hung = hangAt(stage.vault, /sign/)
  const asked = Array.from({ length: 6 }, (_, number) =>
    agent
      .ask(stage.token(), {
        query: `role=${EXAMPLE.roleArn}&session=s${number}`,
        from: `127.0.0.${40 + number}`,
      })
      .then(
        ({ status }) => status,
        () => 0,
      ),
  )
  await hung
  await eventually(() => Promise.resolve(childrenOf(agent.pid).length === 2))
  const children = childrenOf(agent.pid)
  await agent.stop()
  assert.equal(children.filter(isAlive), [])
  assert.not.ok((await Promise.all(asked)).includes(200))
})

life('nothing of one pod is in the answer to another, in a refusal of it, or in the metrics', async () => {
  const agent = await listening()
  const [mine, theirs] = [stage.token(), stage.token(OTHER)]
  const first = await agent.answer(mine)
  const second = await agent.answer(theirs, { query: OTHERS_QUERY, from: '127.0.0.2' })
  assert.equal([first.status, second.status], [200, 200])
  const refused = [
    await agent.ask(theirs, { from: '127.0.0.2' }),
    await agent.ask(mine, { query: OTHERS_QUERY, from: '127.0.0.2' }),
    await agent.ask(mine, { query: OTHERS_QUERY }),
  ]
  const secretsOf = ({ body }: { readonly body: string }): readonly string[] => {
    const { SecretAccessKey, Token } = JSON.parse(body) as Record<string, string>
    return [SecretAccessKey ?? '', Token ?? '']
  }
  const { body } = await ask(agent.healthPort, '/metrics')
  const { stderr } = await agent.stop()
  for (const secret of [...secretsOf(first), ...secretsOf(second), mine, theirs])
    for (const text of [...refused.map((answer) => answer.body), body, stderr])
      assert.not.ok(text.includes(secret))
  for (const secret of secretsOf(first)) assert.not.ok(second.body.includes(secret))
})

life.run()
