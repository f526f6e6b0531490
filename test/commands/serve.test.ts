import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { holdBack } from '../e2e/servers.ts'
import {
  accessKeyOf,
  ask,
  askContainer,
  askMetadata,
  closed,
  freePorts,
  hasIpv6,
  isOpen,
  listening,
} from './reader.ts'
import { created, inPlace, issuedKey, nobodyListens, refuseLogins, secretsOf, served } from './serving.ts'

const serving = suite('serve')

serving('writes the token for the app: that alone, without a newline, with FILE_MODE', () =>
  inPlace(async (place) => {
    const { token } = await served(place, { FILE_MODE: '0640' })
    assert.match(token(), /^[\w-]{43}$/)
    assert.is(statSync(place.tokenFile).mode & 0o777, 0o640)
    assert.is(statSync(dirname(place.tokenFile)).mode & 0o777, 0o710)
  }),
)

serving('keeps the token to its own user where nothing else is asked for, and makes another each time', () =>
  inPlace(async (place) => {
    const first = await served(place)
    const token = first.token()
    assert.is(statSync(place.tokenFile).mode & 0o777, 0o600)
    await first.stop()
    const second = await served(place)
    assert.is.not(second.token(), token)
    assert.is((await askContainer(place.port, token)).status, 401)
    assert.is((await second.credentials()).status, 200)
  }),
)

serving('says where it listens and what it serves, on both loopbacks', () =>
  inPlace(async (place) => {
    const one = await served(place)
    const hosts = hasIpv6 ? '127.0.0.1 and ::1' : '127.0.0.1'
    assert.is(
      await one.said(/listening/),
      `aws-iam-ra: listening on ${hosts}, port ${place.port}  token_file=${place.tokenFile}`,
    )
    assert.match(
      await one.said(/serving credentials/),
      /^aws-iam-ra: serving credentials {2}role=arn:\S+ session=\S+ serial=[0-9A-F]+ expires=\S+Z vault_request_id=[\w-]+$/,
    )
    if (hasIpv6) assert.is((await askContainer(place.port, one.token(), '::1')).status, 200)
    assert.not.match(one.stderr(), /warning|hint/)
  }),
)

serving('gives what AWS issued, by the container endpoint and by IMDSv2', () =>
  inPlace(async (place) => {
    const one = await served(place)
    const [issued] = place.stage.sessions.issued
    const expected = {
      AccessKeyId: issued?.accessKeyId,
      SecretAccessKey: issued?.secretAccessKey,
      Token: issued?.sessionToken,
      Expiration: new Date(issued?.expiresAtMs ?? 0).toISOString().replace('.000Z', 'Z'),
    }
    const container = JSON.parse((await one.credentials()).body) as Record<string, unknown>
    assert.equal(container, { ...expected, AccountId: '111122223333' })
    const metadata = JSON.parse((await askMetadata(place.port)).body) as Record<string, unknown>
    assert.equal({ ...metadata, ...expected }, metadata)
    assert.is(created(place), 1)
  }),
)

serving('answers IMDSv1 only where IMDS_V1 says so', () =>
  inPlace(async (place) => {
    const path = '/latest/meta-data/iam/security-credentials/'
    const first = await served(place)
    assert.is((await ask(place.port, path)).status, 401)
    await first.stop()
    await served(place, { IMDS_V1: 'true' })
    assert.is((await ask(place.port, path)).body, 'frontend-s3-read')
  }),
)

serving('answers the metadata paths alone at METADATA_ADDR, and stops listening there', () =>
  inPlace(async (place) => {
    const [port = 0] = await freePorts(1)
    const metadata = { METADATA_ADDR: `127.0.0.1:${port}`, METADATA_REGION: 'eu-west-1', IMDS_V1: 'true' }
    const one = await served(place, metadata)
    assert.is(
      await one.said(/for instance metadata/),
      `aws-iam-ra: listening on 127.0.0.1, port ${port}, for instance metadata`,
    )
    assert.is(accessKeyOf(await askMetadata(port)), issuedKey(place))
    assert.is((await ask(port, '/latest/meta-data/placement/region')).body, 'eu-west-1')
    assert.is((await ask(place.port, '/latest/meta-data/placement/region')).body, 'eu-west-1')
    assert.is((await askContainer(port, one.token())).status, 404)
    assert.is((await one.credentials()).status, 200)
    await one.stop()
    assert.not.ok(await isOpen(port))
  }),
)

serving('lets go of loopback where METADATA_ADDR is taken, and writes no token', () =>
  inPlace(async (place) => {
    const [port = 0] = await freePorts(1)
    const other = await listening(port, '127.0.0.1')
    try {
      const one = place.start({ env: { METADATA_ADDR: `127.0.0.1:${port}` } })
      assert.is(await one.exit, 6)
      assert.match(
        one.stderr(),
        `cannot listen on 127.0.0.1:${port}: that port is already in use in this pod`,
      )
      await nobodyListens(place)
      assert.not.ok(existsSync(place.tokenFile))
    } finally {
      await closed(other)
    }
  }),
)

serving('is alive at once, ready with the first credentials, and nobody’s question starts a run', () =>
  inPlace(async (place) => {
    const gate = await holdBack((request) => place.stage.vaultEmulator.handle(request))
    try {
      const one = place.start({ env: { VAULT_ADDR: gate.url } })
      await gate.arrived
      assert.is((await one.health('/livez')).status, 200)
      const { status, body } = await one.health('/readyz')
      assert.equal([status, body], [503, 'no credentials yet\n'])
      const early = await Promise.all(Array.from({ length: 50 }, () => one.credentials()))
      for (const answer of early) {
        assert.is(answer.status, 503)
        assert.not.match(answer.body, 'AccessKeyId')
      }
      gate.open()
      await one.said(/serving credentials/)
      assert.is((await one.health('/readyz')).status, 200)
      const late = await Promise.all(Array.from({ length: 50 }, () => one.credentials()))
      for (const answer of late) assert.is(accessKeyOf(answer), issuedKey(place))
      assert.is(created(place), 1)
      assert.is(place.stage.vaultEmulator.signs.length, 1)
    } finally {
      gate.open()
      await gate.close()
    }
  }),
)

serving('renews at SIGHUP, and the token stays', () =>
  inPlace(async (place) => {
    const one = await served(place)
    const [token, key] = [one.token(), issuedKey(place)]
    one.hangUp()
    await one.said(/^aws-iam-ra: SIGHUP: renewing$/)
    await one.said(/serving credentials/, 2)
    assert.is(one.token(), token)
    assert.is.not(issuedKey(place), key)
    assert.is(accessKeyOf(await one.credentials()), issuedKey(place))
    assert.is(created(place), 2)
  }),
)

serving('keeps serving what it has while a renewal fails, and says so', () =>
  inPlace(async (place) => {
    const one = await served(place)
    const key = issuedKey(place)
    refuseLogins(place)
    one.hangUp()
    assert.match(
      await one.said(/renewal failed/),
      /warning: renewal failed, next run in .* stage=identity code=REFUSED failures=1 expires=\S+Z hint="/,
    )
    assert.is(accessKeyOf(await one.credentials()), key)
    assert.is((await one.health('/readyz')).status, 200)
    assert.match((await one.health('/metrics')).body, /renewals_total\{result="failure"\} 1\n/)
    place.stage.vault.intercept = undefined
    one.hangUp()
    await one.said(/renewals succeed again/)
    assert.is.not(issuedKey(place), key)
    assert.is(accessKeyOf(await one.credentials()), issuedKey(place))
  }),
)

serving('shows nothing secret where health is asked for', () =>
  inPlace(async (place) => {
    const one = place.start({ env: { VAULT_ROLE: 'nobody' } })
    await one.said(/no credentials yet/)
    const { status, body: notReady } = await one.health('/readyz')
    assert.equal([status, notReady], [503, 'no credentials yet: identity REFUSED\n'])
    await one.stop()
    const two = await served(place)
    await two.credentials()
    const shown = await Promise.all(['/livez', '/readyz', '/metrics', '/'].map((path) => two.health(path)))
    const text = notReady + shown.map(({ headers, body }) => JSON.stringify(headers) + body).join('')
    assert.match(text, /requests_total\{endpoint="container",status="200"\} 1\n/)
    for (const secret of secretsOf(place)) assert.not.ok(text.includes(secret))
  }),
)

serving('takes part in START_SPREAD: alive, not ready, and stopped with 0', () =>
  inPlace(async (place) => {
    const one = place.start({ env: { START_SPREAD: '86400' }, random: () => 0.5 })
    await one.said(/first run in 43200 s \(START_SPREAD\)/)
    assert.is((await one.health('/livez')).status, 200)
    assert.is((await one.health('/readyz')).status, 503)
    assert.is((await one.credentials()).status, 503)
    assert.is(await one.stop(), 0)
    assert.is(place.stage.vault.requests.length, 0)
    await nobodyListens(place)
    assert.match(
      readFileSync(place.terminationLog, 'utf8'),
      /^stopped [\d.]+ s before the first run, which START_SPREAD put off\nhint: /,
    )
  }),
)

serving.run()
