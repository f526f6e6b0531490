/** An operator of an emulated account: the library over real sockets, with time that passes faster in its waits. */
import * as fs from 'node:fs/promises'
import { openAccount, type Account } from '../../../src/onboarding/aws/account.ts'
import { readInstallation, type Installation } from '../../../src/onboarding/aws/installation.ts'
import { planBinding } from '../../../src/onboarding/aws/plan-binding.ts'
import { planInit, type InitWishes } from '../../../src/onboarding/aws/plan-init.ts'
import { planRole } from '../../../src/onboarding/aws/plan-role.ts'
import type { RoleWishes } from '../../../src/onboarding/aws/role-wishes.ts'
import type { Plan } from '../../../src/onboarding/plan/step.ts'
import type { Binding } from '../../../src/onboarding/aws/bindings.ts'
import { createHttpClient } from '../../../src/net/http.ts'
import { createAuthority, type Authority } from '../../rig/emulators/authority.ts'
import type { EmulatorResponse } from '../../rig/emulators/http.ts'
import { bodyOf } from '../../rig/emulators/requests.ts'
import { workloadRequest } from '../../rig/emulators/workload.ts'
import type { OperatorAccount } from '../../rig/servers/operator-account.ts'
import { fastClock } from './fast-clock.ts'

export function openOperator(
  aws: Pick<OperatorAccount, 'env'>,
  options: { readonly factor?: number; readonly interrupt?: AbortSignal; readonly env?: object } = {},
): Promise<Account> {
  const { factor = 20, interrupt = new AbortController().signal } = options
  return openAccount(
    {
      ...{ env: { ...aws.env, ...options.env }, fs, http: createHttpClient },
      ...{ clock: fastClock(factor), random: Math.random },
    },
    { interrupt },
  )
}

export const ROOT: Authority = createAuthority({ commonName: 'Pods', nowMs: Date.now() })

export const ROLE: RoleWishes = {
  role: 'admin',
  policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
  inline: {
    more: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
    }),
  },
  ...{ maxSessionSeconds: 7200, sessionSeconds: 3600, tags: [] },
}

export const INIT: InitWishes = {
  mode: 'vault',
  root: {
    subject: 'CN=Pods',
    plan: { steps: [], notes: [], problems: [] },
    read: () => Promise.resolve(ROOT.pem),
  },
  tags: [],
}

/** @throws Error for a plan with problems */
export async function doAll(plan: Plan | Promise<Plan>): Promise<readonly string[]> {
  const { steps, problems } = await plan
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const done: string[] = []
  for (const { apply } of steps) done.push(await apply())
  return done
}

export async function initialize(account: Account, installation = 'default'): Promise<void> {
  await doAll(planInit(account, await readInstallation(account, installation), INIT))
}

export async function makeRole(account: Account, change: Partial<RoleWishes> = {}): Promise<void> {
  await doAll(planRole(account, await readInstallation(account, 'default'), { ...ROLE, ...change }))
}

export function workload(installation: Installation, name: string, more: Partial<Binding> = {}): Binding {
  const [, region = '', id = ''] =
    /:rolesanywhere:([^:]+):.*\/(.+)$/.exec(installation.anchor?.arn ?? '') ?? []
  return {
    ...{ cluster: 'prod', namespace: 'default', workload: name, account: name },
    ...{ anchor: { region, id }, issuer: '', ...more },
  }
}

export function roleOf(installation: Installation, role: string): Installation['roles'][number] {
  const found = installation.roles.find((one) => one.role === role)
  if (found === undefined) throw new Error(`no role ${role}`)
  return found
}

/** As the command does it: read, plan, do. */
export async function bind(
  account: Account,
  role: string,
  names: {
    readonly bind?: readonly string[]
    readonly unbind?: readonly string[]
    readonly settleOthers?: boolean
  },
): Promise<readonly string[]> {
  const installation = await readInstallation(account, 'default')
  const all = (some: readonly string[] = []): readonly Binding[] =>
    some.map((one) => workload(installation, one))
  return doAll(
    planBinding(account, installation.owner, roleOf(installation, role), {
      ...{ bind: all(names.bind), unbind: all(names.unbind), settleOthers: names.settleOthers ?? false },
      quota: await account.iam.trustPolicyQuota(),
    }),
  )
}

/** What a workload with this name gets. @returns `done`, or AWS's words */
export async function exchange(
  aws: Pick<OperatorAccount, 'rolesAnywhere'>,
  installation: Installation,
  role: string,
  commonName: string,
): Promise<string> {
  const { arn: roleArn, profiles } = roleOf(installation, role)
  const body = {
    ...{ trustAnchorArn: installation.anchor?.arn ?? '', roleArn },
    profileArn: profiles[0]?.arn ?? '',
  }
  const subject = [['CN', commonName]] as const
  const request = workloadRequest({ issuer: ROOT, subject, nowMs: Date.now(), body })
  const answer = (await aws.rolesAnywhere.handle(request)) as EmulatorResponse
  return answer.status === 201 ? 'done' : String(bodyOf(answer)['message'])
}
