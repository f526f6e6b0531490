import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AgentSettings, WaitSettings } from '../../src/settings/settings.ts'
import { ANCHOR, merged, PROFILE, readFrom, refusalOf, REQUIRED, type Changes } from './fixture.ts'

const { ROLE_ARN: _role, VAULT_CERT_CN: _name, ...OF_POD_AND_AGENT } = REQUIRED
const AGENT = {
  ...OF_POD_AND_AGENT,
  AGENT_CLUSTER: 'demo',
  AGENT_NODE: 'node-1',
  AGENT_POD_RANGES: '10.244.0.0/16, fd00::/48',
}
const OTHER_ANCHOR = ANCHOR.replaceAll('eu-west-1', 'eu-west-2')

async function settingsOf(changes: Changes = {}): Promise<AgentSettings> {
  const read = await readFrom(merged(changes, AGENT), ['agent'], '/home/app')
  if (!('settings' in read)) throw new Error('expected settings')
  return read.settings as unknown as AgentSettings
}

async function problemsOf(changes: Changes): Promise<readonly string[]> {
  return (await refusalOf(merged(changes, AGENT), ['agent'], '/home/app')).problems
}

const agent = suite('settings: agent')

agent('needs no name and no role of its own', async () => {
  const { addresses, isIpv6Optional, cluster, token, offer, podRanges, health } = await settingsOf()
  assert.equal(addresses, [
    { host: '169.254.170.23', port: 9911 },
    { host: 'fd00:ec2::23', port: 9911 },
  ])
  assert.ok(isIpv6Optional)
  assert.is(cluster, 'demo')
  assert.equal(token, { audience: 'iam-ra-agent', node: 'node-1' })
  assert.equal([offer.anchor.text, offer.profile.text, offer.durationSeconds], [ANCHOR, PROFILE, 3600])
  assert.equal(podRanges, [
    { network: '10.244.0.0', prefix: 16, family: 'ipv4' },
    { network: 'fd00::', prefix: 48, family: 'ipv6' },
  ])
  assert.is(health, undefined)
})

agent('an address that is set has to be there', async () => {
  const { addresses, isIpv6Optional } = await settingsOf({ AGENT_ADDRS: '169.254.170.23:80' })
  assert.equal(addresses, [{ host: '169.254.170.23', port: 80 }])
  assert.not.ok(isIpv6Optional)
})

agent('further anchors and profiles are those besides its own, each anchor with its endpoint', async () => {
  const all = PROFILE.replace(/profile\/.*/, 'profile/*')
  const { offer, connections } = await settingsOf({ AGENT_ANCHORS: OTHER_ANCHOR, AGENT_PROFILES: all })
  assert.equal(
    offer.anchors.map(({ text }) => text),
    [ANCHOR, OTHER_ANCHOR],
  )
  assert.equal(
    offer.profiles.map(({ text }) => text),
    [PROFILE, all],
  )
  assert.is(connections[OTHER_ANCHOR]?.endpoint.origin, 'https://rolesanywhere.eu-west-2.amazonaws.com')
  assert.is(connections[ANCHOR]?.region, 'eu-west-1')
})

agent('everything that is missing is told at once', async () => {
  const missing = {
    AGENT_CLUSTER: null,
    AGENT_NODE: null,
    AGENT_POD_RANGES: null,
    ANCHOR_ARN: null,
    VAULT_ADDR: null,
  }
  assert.equal(
    (await problemsOf(missing)).map((line) => line.split(':')[0]).toSorted(),
    Object.keys(missing).toSorted(),
  )
})

for (const [name, value, wrong] of [
  ['AGENT_ADDRS', '169.254.170.23', /is not an address with a port/],
  ['AGENT_ADDRS', '169.254.170.23:9911,x', /has entry 2, which is not an address/],
  ['AGENT_POD_RANGES', '10.0.0.0', /is not an address range/],
  ['AGENT_POD_RANGES', '10.0.0.0/33', /is not an address range/],
  ['AGENT_POD_RANGES', 'fd00::/8,10.0.0.0/8,', /has entry 3/],
  ['AGENT_CLUSTER', 'a.b', /is not a cluster name/],
  ['AGENT_NODE', 'Node', /is not the name of a node/],
  ['AGENT_AUDIENCE', 'a b', /is not one word/],
  ['AGENT_ANCHORS', PROFILE, /is not a trust anchor's ARN/],
  ['AGENT_ANCHORS', ANCHOR.replace(/[^/]*$/, '*'), /is not a trust anchor's ARN/],
  ['AGENT_PROFILES', 'profile/*', /is not a profile's ARN/],
  ['CERTIFICATE_FILE', '/tls.crt', /is set, but agent has each pod's certificate signed/],
  ['VAULT_AWS_PATH', 'aws/creds/x', /is set, but agent has each pod's certificate signed/],
] as const) {
  agent(`${name}=${value} is refused`, async () => {
    assert.match(
      (await problemsOf({ [name]: value })).join('\n'),
      new RegExp(`^${name}: .*${wrong.source}`, 'm'),
    )
  })
}

agent.run()

const waiting = suite('settings: wait')

async function endpointOf(text: string): Promise<string> {
  const read = await readFrom({ AWS_CONTAINER_CREDENTIALS_FULL_URI: text }, ['wait'], '/home/app')
  if (!('settings' in read)) throw new Error('expected settings')
  return (read.settings as unknown as WaitSettings).endpoint.href
}

for (const text of [
  'http://169.254.170.23:9911/v1/credentials?role=arn:aws:iam::111122223333:role/a&session=a+b@c',
  'http://[fd00:ec2::23]:9911/v1/credentials',
  'http://127.0.0.1:9911/v1/credentials',
  'https://agent.example/v1/credentials',
]) {
  waiting(`asks ${text}`, async () => assert.is(await endpointOf(text), text))
}

for (const text of ['http://10.0.0.1/v1/credentials', 'http://user@127.0.0.1/', 'ftp://127.0.0.1/', 'x']) {
  waiting(`does not ask ${text}`, () =>
    refusalOf({ AWS_CONTAINER_CREDENTIALS_FULL_URI: text }, ['wait'], '/home/app').then(() => undefined),
  )
}

waiting('needs nothing of Vault or AWS', async () => {
  const { problems } = await refusalOf({}, ['wait'], '/home/app')
  assert.equal(
    problems.map((line) => line.split(':')[0]),
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  )
})

waiting.run()
