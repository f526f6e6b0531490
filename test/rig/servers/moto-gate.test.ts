/** The gate's turns, before an IAM that loses what is written at once; all else of it is tried against moto. */
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { emulatorRequest, host, type EmulatorRequest, type EmulatorResponse } from '../emulators/http.ts'
import { forward } from './gateway.ts'
import { formOf, tagsIn } from './iam-form.ts'
import { startMotoGate } from './moto-gate.ts'

const xml = (body: string): EmulatorResponse => ({
  status: 200,
  headers: { 'Content-Type': 'text/xml' },
  body,
})

const gated = suite('gate before IAM')

gated('writes to one role go one after another, those to two at once', async () => {
  const roles = new Map<string, readonly string[]>([
    ['a', []],
    ['b', []],
  ])
  let writing = 0
  let most = 0
  const iam = await host(async (request) => {
    const form = formOf(request)
    const role = form.get('RoleName') ?? ''
    const keys = roles.get(role) ?? []
    if (form.get('Action') === 'GetRole') {
      const members = keys.map((key) => `<member><Key>${key}</Key><Value/></member>`)
      return xml(`<Role><Tags>${members.join('')}</Tags></Role>`)
    }
    writing += 1
    most = Math.max(most, writing)
    await delay(10)
    writing -= 1
    roles.set(role, [...keys, ...tagsIn(form).map(({ key }) => key)])
    return xml('<TagRoleResponse/>')
  })
  const gate = await startMotoGate(iam.url)
  try {
    const tag = (role: string, key: number): Promise<EmulatorResponse> =>
      forward(gate.url, tagRole(role, `k${key}`))
    await Promise.all(Array.from({ length: 20 }, (_, index) => tag(index % 2 === 0 ? 'a' : 'b', index)))
    assert.is(roles.get('a')?.length, 10)
    assert.is(roles.get('b')?.length, 10)
    assert.is(most, 2)
    assert.is(gate.count('iam:TagRole'), 20)
  } finally {
    await gate.close()
    await iam.close()
  }
})

function tagRole(role: string, key: string): EmulatorRequest {
  const form = { Action: 'TagRole', RoleName: role, 'Tags.member.1.Key': key, 'Tags.member.1.Value': '' }
  const scope = 'Credential=A/20260101/eu-central-1/iam/aws4_request'
  const headers = [
    ['Host', '127.0.0.1'],
    ['Authorization', `AWS4-HMAC-SHA256 ${scope}`],
  ] as const
  return emulatorRequest({ method: 'POST', target: '/', headers, body: new URLSearchParams(form).toString() })
}

gated.run()
