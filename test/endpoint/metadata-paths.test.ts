import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer } from '../../src/endpoint/answer.ts'
import { CREDENTIALS, endpoint, request, TOKEN, type Sent, type TestEndpoint } from './request.ts'

const metadata = suite('instance metadata: the region, lists, and the address')

const ROLES = '/latest/meta-data/iam/security-credentials/'
const REGION = '/latest/meta-data/placement/region'
const IDENTITY = '/latest/dynamic/instance-identity/document'
const ADDRESS = '169.254.169.254'

function inSession(one: TestEndpoint, target: string): Answer {
  return one.ask({ target, headers: [one.session()] })
}

metadata('the region is given as it was set, and no zone is made up of it', () => {
  const one = endpoint({ region: 'eu-west-1' })
  assert.is(inSession(one, REGION).body, 'eu-west-1')
  assert.is(inSession(one, '/2021-03-23/meta-data/placement/region').body, 'eu-west-1')
  assert.is(inSession(one, '/latest/meta-data/placement/availability-zone').status, 404)
})

metadata('the identity document has the region and the account, a line each', () => {
  const { body } = inSession(endpoint({ region: 'eu-west-1' }), IDENTITY)
  assert.is(body, '{\n  "accountId" : "123456789012",\n  "region" : "eu-west-1"\n}')
})

metadata('before the first credentials there is a region, and no account', () => {
  const one = endpoint({ region: 'eu-west-1', current: () => undefined })
  assert.is(inSession(one, REGION).body, 'eu-west-1')
  assert.equal(JSON.parse(inSession(one, IDENTITY).body), { region: 'eu-west-1' })
  const { roleArn: _roleArn, arn: _arn, ...unnamed } = CREDENTIALS
  const other = endpoint({ region: 'eu-west-1', current: () => unnamed })
  assert.equal(JSON.parse(inSession(other, IDENTITY).body), { region: 'eu-west-1' })
})

metadata('the region needs a session too, or IMDSv1', () => {
  for (const target of [REGION, IDENTITY, '/latest/meta-data/', '/latest/meta-data/placement/']) {
    assert.is(endpoint({ region: 'eu-west-1' }).ask({ target }).status, 401, target)
    assert.is(endpoint({ region: 'eu-west-1', imdsV1: true }).ask({ target }).status, 200, target)
  }
})

const lists: readonly [path: string, alone: string | undefined, withRegion: string][] = [
  ['/latest/', 'meta-data', 'dynamic\nmeta-data'],
  ['/latest/meta-data/', 'iam/', 'iam/\nplacement/'],
  ['/latest/meta-data/iam', 'security-credentials/', 'security-credentials/'],
  ['/latest/meta-data/placement/', undefined, 'region'],
  ['/latest/dynamic', undefined, 'instance-identity/'],
  ['/latest/dynamic/instance-identity/', undefined, 'document'],
]
for (const [path, alone, withRegion] of lists) {
  metadata(`the list at ${path} has what is there, and nothing else`, () => {
    const without = inSession(endpoint(), path)
    assert.is(without.status, alone === undefined ? 404 : 200)
    if (alone !== undefined) assert.is(without.body, alone)
    assert.is(inSession(endpoint({ region: 'eu-west-1' }), path).body, withRegion)
  })
}

/** At the metadata address. */
function there(one: TestEndpoint, host: string, sent: Sent, port = 80): Answer {
  const headers = [['Host', host] as const, ...(sent.headers ?? [])]
  return one.endpoint.metadataAt(ADDRESS)({ ...request({ ...sent, headers }), port })
}

for (const [host, status] of [
  [ADDRESS, 200],
  [`${ADDRESS}:80`, 200],
  [`${ADDRESS}:9911`, 403],
  ['localhost', 403],
  ['127.0.0.1', 403],
  ['169.254.169.254.nip.io', 403],
  ['', 403],
] as const) {
  metadata(`Host ${JSON.stringify(host)} at the metadata address: ${status}`, () => {
    const one = endpoint()
    assert.is(there(one, host, { target: ROLES, headers: [one.session()] }).status, status)
  })
}

metadata('its Host is another machine’s on loopback', () => {
  for (const host of [ADDRESS, `${ADDRESS}:80`, `${ADDRESS}:9911`]) {
    assert.is(endpoint({ imdsV1: true }).ask({ target: ROLES, headers: [['Host', host]] }).status, 403, host)
  }
})

metadata('an IPv6 address is in brackets', () => {
  const handler = endpoint({ imdsV1: true }).endpoint.metadataAt('::1')
  const at = (host: string): number =>
    handler({ ...request({ target: ROLES, headers: [['Host', host]] }), port: 80 }).status
  assert.equal(['[::1]', '[::1]:80', '::1'].map(at), [200, 200, 403])
})

metadata('the container endpoint is not there, with its token or without', () => {
  const one = endpoint({ imdsV1: true })
  for (const headers of [[], [['Authorization', TOKEN] as const]]) {
    assert.is(there(one, ADDRESS, { target: '/v1/credentials', headers }).status, 404)
  }
})

metadata('the session of one address is a session of the other', () => {
  const one = endpoint()
  const ttl = [['X-aws-ec2-metadata-token-ttl-seconds', '60'] as const]
  const { body } = there(one, ADDRESS, { method: 'PUT', target: '/latest/api/token', headers: ttl })
  assert.is(one.ask({ target: ROLES, headers: [['X-aws-ec2-metadata-token', body]] }).body, 'reader')
})

metadata('without a session nothing is given but where IMDSv1 is asked for', () => {
  assert.is(there(endpoint(), ADDRESS, { target: ROLES }).status, 401)
  assert.is(there(endpoint({ imdsV1: true }), ADDRESS, { target: ROLES }).body, 'reader')
  const forwarded = [['X-Forwarded-For', '10.0.0.1'] as const]
  assert.is(there(endpoint({ imdsV1: true }), ADDRESS, { target: ROLES, headers: forwarded }).status, 403)
})

metadata('requests are counted by our own names, whichever address they come to', () => {
  const one = endpoint({ region: 'eu-west-1', imdsV1: true })
  for (const target of [ROLES, REGION, IDENTITY, '/latest/meta-data/', '/latest/x']) {
    there(one, ADDRESS, { target })
    one.ask({ target })
  }
  assert.equal(
    one.counts.list().map(({ endpoint: name, status, count }) => [name, status, count]),
    [
      ['imds-roles', 200, 2],
      ['imds-region', 200, 4],
      ['imds-list', 200, 2],
      ['other', 404, 2],
    ],
  )
})

metadata.run()
