/** The endpoint of the shipped file before the AWS CLI, boto3 and the JavaScript SDK, whose keys STS and S3 check. */
import { readFileSync, statSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE, startStage } from '../../rig/emulators/stage.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { appEnv, askOnce, shown } from './apps.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { READERS } from './readers.ts'
import { ask, startServing, WAYS } from './serving.ts'

const ROLES = '/latest/meta-data/iam/security-credentials'
const ROLE = EXAMPLE.roleArn.slice(EXAMPLE.roleArn.lastIndexOf('/') + 1)

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('endpoint')
const stage = await startStage()
const serving = await startServing(stage)
await serving.untilReady()
const arn = stage.sessions.issued[0]?.assumedRoleArn

const endpoint = suite('the endpoint, read by others')
endpoint.after(async () => {
  await serving.stop()
  await stage.close()
})

for (const way of WAYS) {
  for (const reader of READERS) {
    endpoint(`${reader} finds credentials over ${way}, and STS and S3 know them`, async () => {
      const answer = await askOnce(reader, python, { ...appEnv(stage, home), ...serving.appEnv(way) })
      assert.equal(answer, { arn, buckets: stage.buckets })
    })
  }
}

endpoint('all of them were given what one CreateSession brought', () => {
  assert.is(stage.rolesAnywhereEmulator.created.length, 1)
})

endpoint('the token file holds the token and no line break, for its owner alone', () => {
  assert.match(readFileSync(serving.tokenFile, 'utf8'), /^[\w-]{43}$/)
  assert.is(statSync(serving.tokenFile).mode & 0o777, 0o600)
})

for (const reader of READERS) {
  endpoint(`${reader} with another token gets no credentials`, async () => {
    const answer = await askOnce(reader, python, {
      ...appEnv(stage, home),
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${serving.endpoint}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'another-token',
    })
    assert.match(JSON.stringify(answer), shown(reader, /401.*AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE/))
  })
}

endpoint('IMDSv1 is refused', async () => {
  for (const path of [ROLES, `${ROLES}/`, `${ROLES}/${ROLE}`]) {
    const { status, body } = await ask(serving.endpoint + path)
    assert.is(status, 401)
    assert.not.ok(body.includes('AccessKeyId'))
  }
})

endpoint('IMDS_V1=true lets it in', async () => {
  const other = await startServing(stage, { IMDS_V1: 'true' })
  try {
    await other.untilReady()
    assert.is((await ask(`${other.endpoint}${ROLES}/`)).body, ROLE)
    const { status, body } = await ask(`${other.endpoint}${ROLES}/${ROLE}`)
    assert.is(status, 200)
    const { Code, AccessKeyId } = JSON.parse(body) as Readonly<Record<string, unknown>>
    assert.equal([Code, AccessKeyId], ['Success', stage.sessions.issued.at(-1)?.accessKeyId])
  } finally {
    await other.stop()
  }
})

endpoint('a newer SDK is sent from the extended path to the old one by 404', async () => {
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' }
  const session = await ask(`${serving.endpoint}/latest/api/token`, ttl, 'PUT')
  assert.is(session.status, 200)
  assert.is(session.header('x-aws-ec2-metadata-token-ttl-seconds'), '60')
  const headers = { 'x-aws-ec2-metadata-token': session.body }
  const statuses: number[] = []
  for (const path of [`${ROLES}-extended/`, `${ROLES}-extended/${ROLE}`, `${ROLES}/`, `${ROLES}/${ROLE}/`]) {
    statuses.push((await ask(serving.endpoint + path, headers)).status)
  }
  assert.equal(statuses, [404, 404, 200, 200])
})

endpoint.run()
