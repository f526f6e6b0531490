import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { reachRolesAnywhere } from '../../src/exchange/reachability.ts'
import { tlsError } from '../../src/net/transport-error.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { fakeBounds, fakeRuntime, scriptedHttp, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { SETTINGS } from './fixture.ts'

function reach(answer: ScriptedAnswer): {
  readonly wire: ReturnType<typeof scriptedHttp>
  readonly status: Promise<number>
} {
  const wire = scriptedHttp([answer])
  const runtime = fakeRuntime({ http: wire.http })
  return {
    wire,
    status: reachRolesAnywhere(SETTINGS, { runtime, bounds: fakeBounds(runtime.clock, 10_000) }),
  }
}

const reachability = suite('reachability of Roles Anywhere')

reachability('takes any answer for a yes, and sends nothing but a question', async () => {
  const { wire, status } = reach({ status: 403, body: '{}' })
  assert.is(await status, 403)
  const [request] = wire.requests
  assert.is(request?.method, 'GET')
  assert.is(request?.url.origin, SETTINGS.endpoint.origin)
  assert.is(request?.body, undefined)
  assert.equal(Object.keys(request?.headers ?? {}), ['user-agent'])
  assert.is(request?.timeoutMs, 10_000)
  assert.is(wire.open(), 0)
})

reachability('says why there is no answer', async () => {
  const { wire, status } = reach(tlsError('other-name'))
  const { stage, hint } = await rejectsWithCode(status, 'TLS')
  assert.is(stage, 'exchange')
  assert.match(hint ?? '', /AWS_ENDPOINT_URL_ROLESANYWHERE/)
  assert.is(wire.open(), 0)
})

reachability.run()
