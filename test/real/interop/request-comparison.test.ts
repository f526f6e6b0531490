/** CreateSession for the same certificate and ARNs, by us and by iam-rolesanywhere-session, laid side by side. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAuthorization, type Authorization } from '../../rig/emulators/canonical.ts'
import type { EmulatorRequest } from '../../rig/emulators/http.ts'
import { EXAMPLE, startStage } from '../../rig/emulators/stage.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { createSessionByPython, createSessionByUs, trust } from './rolesanywhere-client.ts'
import { createWorkload, KEYS } from './workload.ts'

/** Headers that differ, and why that is right; every other one is there on both sides and the same. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'content-type': "application/json is what AWS's own helper sends; both are signed",
  'user-agent': 'each names itself; not signed',
  accept: 'we ask for JSON, so that a proxy in between may answer in kind; not signed',
  'accept-encoding': 'we name none, which means the same as identity (RFC 9110, section 12.5.3); not signed',
  connection: "the HTTP library's; not signed",
  'content-length': 'the bodies differ in blanks and in durationSeconds; not signed',
  'x-amz-date': 'the time of each',
  authorization: 'the signature alone, as the next test has it',
}

interface Pair {
  readonly ours: EmulatorRequest
  readonly theirs: EmulatorRequest
}

const python = pythonEnvironment()
const home = mkdtempSync(join(tmpdir(), 'iam-ra-comparison-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

async function requestsWith(key: (typeof KEYS)[number]): Promise<Pair> {
  const stage = await startStage({ tls: true })
  try {
    const place = { python, stage, home }
    const workload = createWorkload({ key, intermediates: 2 })
    trust(stage, workload)
    await createSessionByUs(place, workload)
    await createSessionByPython(place, workload)
    const [ours, theirs, ...more] = stage.rolesAnywhere.requests
    if (ours === undefined || theirs === undefined || more.length > 0) throw new Error('not one request each')
    return { ours: ours.request, theirs: theirs.request }
  } finally {
    await stage.close()
  }
}

function authorizationOf(request: EmulatorRequest): Authorization {
  const parsed = parseAuthorization(request.header('authorization') ?? '')
  if (parsed === undefined) throw new Error('an Authorization header of another form')
  return parsed
}

function bodyOf(request: EmulatorRequest): Readonly<Record<string, unknown>> {
  return JSON.parse(request.body.toString()) as Readonly<Record<string, unknown>>
}

const comparison = suite('CreateSession, ours and theirs')

for (const key of KEYS) {
  const { ours, theirs } = await requestsWith(key)

  comparison(
    `${key}: the same method, target and headers, but for those whose difference is justified`,
    () => {
      assert.is(ours.method, theirs.method)
      assert.is(ours.target, theirs.target)
      const names = new Set([...ours.headers, ...theirs.headers].map(([name]) => name.toLowerCase()))
      const different = [...names].filter((name) => ours.header(name) !== theirs.header(name))
      assert.equal(
        different.filter((name) => !(name in DIFFERENCES)),
        [],
      )
      // What both must have, and what is compared as a whole.
      for (const name of ['host', 'x-amz-x509', 'x-amz-x509-chain']) {
        assert.ok(ours.header(name))
        assert.not.ok(different.includes(name))
      }
      assert.is(ours.header('content-type'), 'application/json')
      assert.is(theirs.header('content-type'), 'application/x-amz-json-1.0')
    },
  )

  comparison(`${key}: the same algorithm, serial, scope and signed headers`, () => {
    const mine = authorizationOf(ours)
    const other = authorizationOf(theirs)
    const family = key === 'RSA-2048' ? 'RSA' : 'ECDSA'
    assert.is(mine.algorithm, `AWS4-X509-${family}-SHA256`)
    assert.is(mine.algorithm, other.algorithm)
    assert.is(mine.identity, other.identity)
    assert.equal(mine.signedHeaders, other.signedHeaders)
    assert.equal(mine.signedHeaders, ['content-type', 'host', 'x-amz-date', 'x-amz-x509', 'x-amz-x509-chain'])
    for (const [request, { scope }] of [
      [ours, mine],
      [theirs, other],
    ] as const) {
      const date = request.header('x-amz-date') ?? ''
      assert.match(date, /^\d{8}T\d{6}Z$/)
      // Each by its own date: midnight may pass between the two.
      assert.equal(scope, { date: date.slice(0, 8), region: EXAMPLE.region, service: 'rolesanywhere' })
    }
  })

  comparison(`${key}: the same ARNs in the body; a duration only where one was asked for`, () => {
    // Theirs always asks for an hour; ours leaves it to the profile unless SESSION_DURATION is set.
    assert.equal({ ...bodyOf(ours), durationSeconds: 3600 }, bodyOf(theirs))
    assert.not.ok('durationSeconds' in bodyOf(ours))
  })
}

comparison.run()
