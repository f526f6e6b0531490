/**
 * All of IAM Roles Anywhere at one address: the control plane, and CreateSession on what that holds. Whom a role trusts comes
 * from its policy at the time of the call, wherever it is kept.
 */
import { watchCalls, type Calls } from './calls.ts'
import { readMembers } from './create-session-members.ts'
import type { EmulatorRequest, EmulatorResponse } from './http.ts'
import { readCertificate } from './read-certificate.ts'
import { sessionProfiles, trustAnchors } from './roles-anywhere-account.ts'
import { actionOf, createControl, type ControlOptions } from './roles-anywhere-control.ts'
import { createRolesAnywhere, type CreatedSession, type Role } from './roles-anywhere.ts'
import type { SessionStore } from './sessions.ts'
import { trustContext, trusts } from './trust-evaluator.ts'

export interface RolePolicy {
  /** The trust policy's JSON. */
  readonly trustPolicy: string
  readonly maxSessionSeconds: number
}

export interface ServiceOptions extends ControlOptions {
  readonly sessions: SessionStore
  /** Undefined for a role that is not there. */
  policyOf(roleArn: string): Promise<RolePolicy | undefined>
}

export interface RolesAnywhereService extends Calls {
  readonly created: readonly CreatedSession[]
}

export function createRolesAnywhereService(options: ServiceOptions): RolesAnywhereService {
  const control = createControl(options)
  const created: CreatedSession[] = []
  const session = async (request: EmulatorRequest): Promise<EmulatorResponse> => {
    const emulator = createRolesAnywhere({
      now: () => options.now(),
      region: options.account.region,
      sessions: options.sessions,
      anchors: trustAnchors(options.account),
      profiles: sessionProfiles(options.account),
      roles: await askedRole(request, options),
    })
    const answer = emulator.handle(request)
    created.push(...emulator.created)
    if (answer.status === 201) recordSubject(options, request, answer)
    return answer
  }
  const watched = watchCalls(actionOf, ({ request }) =>
    request.path === '/sessions' ? session(request) : control(request),
  )
  return Object.assign(watched, { created })
}

/** Before anything is checked: what the request asks for and nobody has is refused by CreateSession itself. */
async function askedRole(request: EmulatorRequest, options: ServiceOptions): Promise<readonly Role[]> {
  const members = readMembers(request)
  const policy = 'fault' in members ? undefined : await options.policyOf(members.roleArn)
  if ('fault' in members || policy === undefined) return []
  return [
    {
      arn: members.roleArn,
      maxSessionSeconds: policy.maxSessionSeconds,
      trusts: ({ anchorArn, tags, sourceIdentity }) =>
        tags !== undefined && trusts(policy.trustPolicy, trustContext({ anchorArn, tags, sourceIdentity })),
    },
  ]
}

/** Roles Anywhere keeps who came, by the name on the certificate. */
function recordSubject(
  { account, now }: ServiceOptions,
  request: EmulatorRequest,
  answer: EmulatorResponse,
): void {
  const { subjectArn } = JSON.parse(answer.body) as { readonly subjectArn: string }
  const id = subjectArn.slice(subjectArn.lastIndexOf('/') + 1)
  const { x509 } = readCertificate(Buffer.from(request.header('x-amz-x509') ?? '', 'base64'))
  const at = new Date(now()).toISOString()
  account.subjects.set(id, {
    ...{ subjectArn, subjectId: id, enabled: true, x509Subject: x509.subject.replaceAll('\n', ',') },
    ...{ createdAt: account.subjects.get(id)?.createdAt ?? at, updatedAt: at, lastSeenAt: at },
  })
}
