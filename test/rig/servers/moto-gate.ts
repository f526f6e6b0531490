/**
 * A gate before moto's IAM and STS with what moto lacks of AWS: quotas, refusals of single actions, tag keys that ignore case,
 * writes to one role one after another, reads that are old. It counts the calls, and a test may wait, answer or cut at each.
 */
import { watchCalls, type Call, type Calls } from '../emulators/calls.ts'
import { host, type EmulatorResponse } from '../emulators/http.ts'
import { createPermissions, type Permissions } from '../emulators/permissions.ts'
import type { RolePolicy } from '../emulators/roles-anywhere-service.ts'
import { EXAMPLE } from '../emulators/stage.ts'
import { forward } from './gateway.ts'
import { actionOf, formOf, tagsIn } from './iam-form.ts'
import { createHistory, tagKeys, trustPolicyOf, type History, type Stale } from './iam-history.ts'
import { askIam } from './moto.ts'
import { permissionFault, type NamedRole, sizeFault, tagsFault, withQuota } from './iam-rules.ts'

export interface MotoGate extends Calls {
  /** What AWS_ENDPOINT_URL_IAM and AWS_ENDPOINT_URL_STS are to be. */
  readonly url: string
  readonly permissions: Permissions
  /** Characters of a trust policy. */
  trustPolicyQuota: number
  readonly stale: Stale
  /** Nothing from before is seen any more, however old reads are. */
  catchUp(): void
  /** What moto has now, past counting and staleness: for CreateSession of the emulated Roles Anywhere. */
  policyOf(roleArn: string): Promise<RolePolicy | undefined>
  close(): Promise<void>
}

export interface MotoGateOptions {
  /** Shared with the emulated Roles Anywhere, so that one operator has one set of permissions. */
  readonly permissions?: Permissions
  /** Whom refusals name. */
  readonly callerArn?: string
}

export async function startMotoGate(moto: string, options: MotoGateOptions = {}): Promise<MotoGate> {
  const permissions = options.permissions ?? createPermissions()
  const stale: Stale = { tags: 0, policies: 0 }
  const history = createHistory(stale)
  const who = {
    callerArn: options.callerArn ?? `arn:aws:iam::${EXAMPLE.account}:user/operator`,
    account: EXAMPLE.account,
    permissions,
  }
  const inTurn = turns()

  const handle = async ({ action, request }: Call): Promise<EmulatorResponse> => {
    const form = formOf(request)
    const role = form.get('RoleName')
    const isNamed = role !== null && action !== 'iam:CreateRole' && permissions.may !== undefined
    const named = isNamed ? await namedRole(moto, role) : undefined
    const fault = permissionFault(action, form, who, named) ?? sizeFault(form, gate.trustPolicyQuota)
    if (fault !== undefined) return fault
    const pass = (): Promise<EmulatorResponse> => forward(moto, request)
    if (role !== null && !/:(?:Get|List)/.test(action))
      return inTurn(role, () => writeRole(moto, { action, form, role, history, pass }))
    const answer = history.rewrite(action, form, await pass())
    return action === 'iam:GetAccountSummary' ? withQuota(answer, gate.trustPolicyQuota) : answer
  }

  const watched = watchCalls(actionOf, handle)
  const { url, close } = await host((request) => watched.handle(request))
  const gate: MotoGate = Object.assign(watched, {
    ...{ url, permissions, stale, close, trustPolicyQuota: 2048 },
    catchUp: () => history.catchUp(),
    policyOf: (roleArn: string) => policyOf(moto, roleArn),
  })
  return gate
}

interface Write {
  readonly action: string
  readonly form: URLSearchParams
  readonly role: string
  readonly history: History
  pass(): Promise<EmulatorResponse>
}

async function writeRole(moto: string, write: Write): Promise<EmulatorResponse> {
  const { action, form, role, history } = write
  const before = await askIam(moto, { Action: 'GetRole', RoleName: role })
  const isThere = before.status === 200
  if (isThere && !history.knows(role)) history.record(role, action, before)
  if (isThere && action === 'iam:TagRole') {
    const present = tagKeys(before)
    const fault = tagsFault(form, present)
    if (fault !== undefined) return fault
    const added = tagsIn(form)
    // A key that differs in case alone is the same key, and its value is replaced.
    for (const key of present.filter((one) => added.some((tag) => isOtherCase(tag.key, one))))
      await askIam(moto, { Action: 'UntagRole', RoleName: role, 'TagKeys.member.1': key })
  }
  const answer = await write.pass()
  if (answer.status !== 200) return answer
  if (action === 'iam:DeleteRole') history.forget(role)
  else history.record(role, action, await askIam(moto, { Action: 'GetRole', RoleName: role }))
  return answer
}

function isOtherCase(one: string, other: string): boolean {
  return one !== other && one.toLowerCase() === other.toLowerCase()
}

/** IAM looks at the ARN with the path; of a role that is not there it knows the name alone. */
async function namedRole(moto: string, role: string): Promise<NamedRole | undefined> {
  const { status, body } = await askIam(moto, { Action: 'GetRole', RoleName: role })
  const boundary = /<PermissionsBoundaryArn>(.*?)</.exec(body)?.[1]
  return status === 200 ? { arn: /<Arn>(.*?)</.exec(body)?.[1] ?? '', boundary } : undefined
}

async function policyOf(moto: string, roleArn: string): Promise<RolePolicy | undefined> {
  const answer = await askIam(moto, {
    Action: 'GetRole',
    RoleName: roleArn.slice(roleArn.lastIndexOf('/') + 1),
  })
  // The path is part of the ARN, and not of the name.
  if (answer.status !== 200 || !answer.body.includes(`<Arn>${roleArn}</Arn>`)) return undefined
  const seconds = /<MaxSessionDuration>(\d+)</.exec(answer.body)?.[1]
  return { trustPolicy: trustPolicyOf(answer), maxSessionSeconds: Number(seconds ?? 3600) }
}

/** Work on one key is done one after another, whatever became of what came before. */
function turns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work, work)
    last.set(key, mine)
    return mine
  }
}
