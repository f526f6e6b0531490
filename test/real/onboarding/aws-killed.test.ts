/** A run that ends after any one of its calls, or whose answer to any one is lost: what it leaves, and what the next run makes of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import type { Account } from '../../../src/onboarding/aws/account.ts'
import { readInstallation } from '../../../src/onboarding/aws/installation.ts'
import { planDestroy } from '../../../src/onboarding/aws/plan-destroy.ts'
import { planCluster, planTeardown } from '../../../src/onboarding/aws/plan-init.ts'
import { planRoleDelete } from '../../../src/onboarding/aws/plan-role-delete.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { askIam } from '../../rig/servers/moto.ts'
import { startOperatorAccount } from '../../rig/servers/operator-account.ts'
import { bind, doAll, exchange, initialize, makeRole, openOperator } from './operator.ts'

const home = mkdtempSync(join(tmpdir(), 'iam-ra-killed-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const aws = await startOperatorAccount(pythonEnvironment(), home, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' })
const patient = await openOperator(aws)
const hooks = [aws.gate, aws.rolesAnywhere]

/** From nothing to a workload that is bound. */
async function build(account: Account): Promise<void> {
  await initialize(account)
  const cluster = { name: 'prod', mode: 'vault', namespace: 'iam-ra-system', words: [] }
  await doAll(planCluster(account, await readInstallation(account, 'default'), cluster))
  await makeRole(account)
  await bind(account, 'admin', { bind: ['a'] })
}

/** The workload, the cluster, a role, and then the rest. */
async function takeDown(account: Account): Promise<void> {
  const read = () => readInstallation(account, 'default')
  const { roles } = await read()
  if (roles.some(({ role }) => role === 'admin')) await bind(account, 'admin', { unbind: ['a'] })
  await doAll(planTeardown(account, await read(), 'prod'))
  await doAll(planRoleDelete(account, await read(), 'admin'))
  await doAll(planDestroy(account, await read()))
}

/** All that is there, but for what differs from run to run. */
async function state(): Promise<unknown> {
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value)
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<at>'),
    )
  const { account } = aws
  const { body } = await askIam(aws.motoUrl, { Action: 'ListRoles', PathPrefix: '/iam-ra/' })
  const names = [...body.matchAll(/<RoleName>(.*?)</g)].map(([, name = '']) => name)
  const roles = await Promise.all(
    names.map(async (name) => {
      const { tags = [], policy, maxSessionSeconds } = (await patient.iam.getRole(name)) ?? {}
      const attached = await patient.iam.attachedPolicies(name)
      const inline = await patient.iam.inlinePolicies(name)
      const sorted = tags.toSorted((a, b) => (a.Key < b.Key ? -1 : 1))
      return { name, tags: sorted, policy, maxSessionSeconds, attached, inline }
    }),
  )
  return plain({
    roles,
    anchors: [...account.anchors.values()],
    profiles: [...account.profiles.values()],
    tags: [...account.tags].map(([arn, tags]) => [arn, [...tags].toSorted()]).toSorted(),
  })
}

/** What happens after the call of this number, on whichever server: its answer is lost, and with `kill` nothing is done any more. */
function faultAt(at: number, kill?: AbortController): { count(): number } {
  let count = 0
  for (const one of hooks) {
    one.before = () => (kill?.signal.aborted === true ? 'cut' : undefined)
    one.after = () => {
      count += 1
      if (count !== at) return undefined
      kill?.abort(new IamRaError('INTERRUPTED', 'internal', 'killed', { signal: 9 }))
      return 'cut'
    }
  }
  return { count: () => count }
}

function calm(): void {
  for (const one of hooks) Object.assign(one, { before: undefined, after: undefined })
}

const killed = suite('a run that ends in its middle')
killed.after(async () => {
  patient.close()
  await aws.close()
})

const empty = await state()
const counting = faultAt(0)
await build(patient)
const calls = counting.count()
calm()
const built = await state()
assert.is(await exchange(aws, await readInstallation(patient, 'default'), 'admin', 'a.default.prod'), 'done')
const counted = faultAt(0)
await takeDown(patient)
const downCalls = counted.count()
calm()

killed('is compared with one that makes something and leaves nothing', async () => {
  assert.ok(calls > 30 && downCalls > 30, `${calls} and ${downCalls} calls`)
  assert.match(JSON.stringify(built), /a\.default\.prod/)
  assert.equal(await state(), empty)
})

async function interrupted(at: number, run: (account: Account) => Promise<void>): Promise<void> {
  const kill = new AbortController()
  const account = await openOperator(aws, { interrupt: kill.signal })
  // The opening's own call is not counted.
  faultAt(at, kill)
  const end = await run(account).then(
    () => undefined,
    (error: unknown) => error,
  )
  account.close()
  calm()
  assert.ok(end instanceof IamRaError && end.code === 'INTERRUPTED', `call ${at}`)
}

killed('is finished by the next one, after whichever call it ended', async () => {
  for (let at = 1; at <= calls; at += 1) {
    await interrupted(at, build)
    await build(patient)
    assert.equal(await state(), built, `killed after call ${at}`)
    await takeDown(patient)
    assert.equal(await state(), empty, `taken down after ${at}`)
  }
})

killed('leaves nothing behind when it takes down, after whichever call it ended', async () => {
  for (let at = 1; at <= downCalls; at += 1) {
    await build(patient)
    await interrupted(at, takeDown)
    await takeDown(patient)
    assert.equal(await state(), empty, `killed after call ${at}`)
  }
})

killed('makes nothing twice where an answer is lost, whichever it is', async () => {
  for (let at = 1; at <= Math.max(calls, downCalls); at += 1) {
    faultAt(at)
    await build(patient)
    calm()
    assert.equal(await state(), built, `lost ${at}`)
    faultAt(at)
    await takeDown(patient)
    calm()
    assert.equal(await state(), empty, `lost ${at}`)
  }
})

killed.run()
