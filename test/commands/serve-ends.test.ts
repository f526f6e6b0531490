import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { closed, freePorts, hasIpv6, isOpen, listening } from './reader.ts'
import { created, inPlace, nobodyListens, refuseLogins, served, type Place } from './serving.ts'

const terminationLog = (place: Place): string => readFileSync(place.terminationLog, 'utf8')

const last = suite('the end of serve')

last('by SIGTERM is 0, and nobody listens any more', () =>
  inPlace(async (place) => {
    const one = await served(place)
    assert.ok(await isOpen(place.port))
    assert.is(await one.stop(), 0)
    await nobodyListens(place)
    assert.is(terminationLog(place), '')
  }),
)

last('by SIGTERM is 0 before there are credentials, too', () =>
  inPlace(async (place) => {
    const hanging = new Promise<void>((resolve) => {
      place.stage.rolesAnywhere.intercept = () => {
        resolve()
        return 'hang'
      }
    })
    const one = place.start()
    await hanging
    assert.is(await one.stop(), 0)
    await nobodyListens(place)
    assert.not.match(one.stderr(), /warning|no credentials/)
    // A startup probe that waits for less than DEADLINE leaves nothing else to see.
    assert.match(
      terminationLog(place),
      /^stopped [\d.]+ s into the first run, of which DEADLINE is 10 s\nhint: /,
    )
  }),
)

last('by SIGTERM is 0 while another writer holds the token file', () =>
  inPlace(async (place) => {
    mkdirSync(dirname(place.tokenFile))
    writeFileSync(join(dirname(place.tokenFile), '.authorization-token.aws-iam-ra'), '')
    const one = place.start({ args: ['--verbose'] })
    await one.said(/waiting for the writer/)
    assert.is(await one.stop(), 0)
    await nobodyListens(place)
    assert.is(terminationLog(place), '')
  }),
)

last('without ever a credential leaves the reason in the termination log, and is no failure', () =>
  inPlace(async (place) => {
    refuseLogins(place)
    const one = place.start()
    await one.said(/no credentials yet/)
    assert.is(await one.stop(), 0)
    assert.match(terminationLog(place), /^identity: [^\n]+\nhint: [^\n]+$/)
  }),
)

last('by a bug is 70, and nobody listens any more', () =>
  inPlace(async (place) => {
    const one = await served(place)
    assert.is(await one.stop(new IamRaError('INTERNAL', 'internal', 'a bug')), 70)
    await nobodyListens(place)
    assert.match(terminationLog(place), /^a bug/)
  }),
)

last.run()

const beginning = suite('serve that cannot begin')

for (const host of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
  beginning(`ends with 6 where ${host} has that port taken, before it writes or asks for anything`, () =>
    inPlace(async (place) => {
      const other = await listening(place.port, host)
      try {
        const one = place.start()
        assert.is(await one.exit, 6)
        assert.match(
          one.stderr(),
          /^aws-iam-ra: sink: cannot listen on \S+: that port is already in use in this pod\nhint: set ENDPOINT_PORT /,
        )
        assert.match(terminationLog(place), /^sink: cannot listen/)
        assert.throws(() => statSync(place.tokenFile))
        assert.is(place.stage.vault.requests.length, 0)
      } finally {
        await closed(other)
      }
      await nobodyListens(place)
    }),
  )
}

beginning('leaves the first process of the same port at work, and its token alone', () =>
  inPlace(async (place) => {
    const first = await served(place)
    const token = first.token()
    assert.is(await place.start().exit, 6)
    assert.is(first.token(), token)
    assert.is((await first.credentials()).status, 200)
    assert.is(created(place), 1)
  }),
)

beginning('ends with 6 where the token file cannot be written, and nobody listens', () =>
  inPlace(async (place) => {
    mkdirSync(place.tokenFile, { recursive: true })
    const one = place.start()
    assert.is(await one.exit, 6)
    assert.match(one.stderr(), /^aws-iam-ra: sink: [^\n]+ is in its place\nhint: /)
    assert.is(place.stage.vault.requests.length, 0)
    await nobodyListens(place)
  }),
)

beginning('ends with 6 where HEALTH_ADDR is taken, and nobody listens', () =>
  inPlace(async (place) => {
    const [taken = 0] = await freePorts(1)
    const other = await listening(taken, '127.0.0.1')
    try {
      const one = place.start({ env: { HEALTH_ADDR: `127.0.0.1:${taken}` } })
      assert.is(await one.exit, 6)
      assert.match(one.stderr(), /sink: cannot listen on [^\n]+\nhint: set HEALTH_ADDR /)
      assert.is(place.stage.vault.requests.length, 0)
      await nobodyListens(place)
    } finally {
      await closed(other)
    }
  }),
)

beginning('ends with 2 where its settings are wrong, and says each', () =>
  inPlace(async (place) => {
    const one = place.start({ env: { ENDPOINT_PORT: '0', IMDS_V1: 'maybe', HEALTH_ADDR: 'localhost:1' } })
    assert.is(await one.exit, 2)
    for (const name of ['ENDPOINT_PORT', 'IMDS_V1', 'HEALTH_ADDR']) assert.match(one.stderr(), `  ${name}`)
    await nobodyListens(place)
  }),
)

beginning.run()
