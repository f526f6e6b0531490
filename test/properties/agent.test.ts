/** Whatever many tenants do in whatever order: nobody gets, and no line shows, what is another one's. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseArn } from '../../src/aws/arn.ts'
import { fc } from '../support/generated.ts'
import { ANCHOR, OFFER, PROFILE, ROLE, scene, secretOf, VAULT_AWAY, VAULT_REFUSES } from '../agent/scene.ts'

/** Names that would meet where they are joined without care. */
const NAMES = ['a', 'b', 'a-b', 'b-a'] as const
const ROLES = [ROLE, `${ROLE}2`]
const QUERIES = ROLES.flatMap((role) => [
  { query: `role=${role}`, role, durationSeconds: 3600, sessionName: undefined },
  { query: `duration=900&role=${role}`, role, durationSeconds: 900, sessionName: undefined },
  { query: `role=${role}&session=a+b&duration=900`, role, durationSeconds: 900, sessionName: 'a+b' },
  {
    query: `session=3600&role=${encodeURIComponent(role)}`,
    role,
    durationSeconds: 3600,
    sessionName: '3600',
  },
])

const question = fc.record({
  kind: fc.constant('ask' as const),
  namespace: fc.constantFrom(...NAMES),
  account: fc.constantFrom(...NAMES, 'a.b'),
  uid: fc.constantFrom('1', '1', '1', '2'),
  pod: fc.constantFrom('x', 'y'),
  asked: fc.constantFrom(...QUERIES),
  /** Whether the token is one that the pod had before. */
  isOld: fc.boolean(),
})
const event = fc.oneof(
  { weight: 20, arbitrary: question },
  fc.record({ kind: fc.constant('end a login' as const), isRefused: fc.boolean(), which: fc.nat(5) }),
  fc.record({ kind: fc.constant('end an exchange' as const), how: fc.nat(3), which: fc.nat(5) }),
  fc.record({
    kind: fc.constant('wait' as const),
    ms: fc.constantFrom(900, 5_000, 301_000, 2_500_000, 3_700_000),
  }),
  fc.record({ kind: fc.constant('SIGHUP' as const) }),
)

/** Whether the test or the scene ends each. */
const holds = fc.record({ holdsLogins: fc.boolean(), holdsExchanges: fc.boolean() })

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

const tenants = suite('properties: many tenants of one agent')

tenants('each is given its own session alone, and named in its own lines alone', async () => {
  let givenCount = 0
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 150 }), holds, async (events, held) => {
      const one = scene(held)
      const tokens = new Map<string, string>()
      const waiting: Promise<void>[] = []
      /** By its answer's secret. */
      const owners = new Map<string, string>()
      for (const each of events) {
        if (each.kind === 'ask') {
          const { namespace, account, uid, pod, asked, isOld } = each
          const who = JSON.stringify([namespace, account, uid, pod])
          const token = (isOld ? tokens.get(who) : undefined) ?? one.token({ namespace, account, uid, pod })
          tokens.set(who, token)
          const address = `10.${NAMES.indexOf(namespace)}.${account.length}.${pod === 'x' ? 1 : 2}`
          const expected = secretOf(
            { cluster: 'demo', namespace, account, uid },
            {
              roleArn: parsed(asked.role),
              profileArn: OFFER.profile,
              anchorArn: OFFER.anchor,
              durationSeconds: asked.durationSeconds,
              ...(asked.sessionName !== undefined && { sessionName: asked.sessionName }),
            },
          )
          owners.set(expected, JSON.stringify([namespace, account]))
          waiting.push(
            one.ask(token, { query: asked.query, address }).then(({ status, body }) => {
              const { SecretAccessKey } = JSON.parse(body) as { SecretAccessKey?: string }
              assert.is(SecretAccessKey, status === 200 ? expected : undefined)
              if (status === 200) givenCount += 1
            }),
          )
        } else if (each.kind === 'end a login') {
          one.logins[one.logins.length - 1 - each.which]?.end(each.isRefused ? VAULT_REFUSES : undefined)
        } else if (each.kind === 'end an exchange') {
          const errors = [undefined, undefined, VAULT_REFUSES, VAULT_AWAY]
          one.exchanges[one.exchanges.length - 1 - each.which]?.end(errors[each.how])
        } else if (each.kind === 'wait') one.clock.advance(each.ms)
        else one.agent.forgetAll()
        await settled()
        for (const { token, identity } of one.exchanges) {
          const own = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
            sub: string
          }
          assert.is(own.sub, `system:serviceaccount:${identity.namespace}:${identity.account}`)
        }
      }
      for (let turn = 0; turn < events.length; turn += 1) {
        for (const { end } of [...one.logins, ...one.exchanges]) end()
        one.clock.advance(901)
        await settled()
      }
      await Promise.all(waiting)
      const said = JSON.stringify(one.logger.lines) + one.agent.metrics()
      for (const secret of [...owners.keys(), ...tokens.values()]) assert.not.ok(said.includes(secret))
      for (const name of ['claimed', 'uid', ...NAMES.map((name) => `"${name}"`)])
        assert.not.ok(one.agent.metrics().includes(name))
    }),
    { numRuns: 100 },
  )
  assert.ok(givenCount > 300, `only ${givenCount} were given any`)
})

function parsed(text: string): NonNullable<ReturnType<typeof parseArn>> {
  const found = parseArn(text)
  if (found === undefined) throw new Error('not an ARN')
  return found
}

tenants('the keys of the offer are those of the test', () => {
  assert.is(OFFER.anchor.text, ANCHOR)
  assert.is(OFFER.profile.text, PROFILE)
})

tenants.run()
