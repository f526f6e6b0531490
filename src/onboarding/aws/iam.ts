/** Calls to IAM, as functions: the SDK's commands, pages and encoded policies are used only here. */
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetAccountSummaryCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  type Role,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam'
import type { Tag } from './bindings.ts'
import { isAbsent, noAnswer } from './refusal.ts'
import { send, type SendContext } from './send.ts'

export interface RoleRecord {
  readonly name: string
  readonly arn: string
  readonly path: string
  /** JSON. */
  readonly policy: string
  readonly tags: readonly Tag[]
  readonly maxSessionSeconds: number
  readonly boundary: string | undefined
}

export interface NewRole extends Pick<
  RoleRecord,
  'name' | 'path' | 'policy' | 'tags' | 'maxSessionSeconds' | 'boundary'
> {
  readonly description: string
}

export interface Iam {
  /** Names only: no list contains tags. */
  listRoles(path: string): Promise<readonly string[]>
  getRole(name: string): Promise<RoleRecord | undefined>
  createRole(role: NewRole): Promise<void>
  deleteRole(name: string): Promise<void>
  tagRole(name: string, tags: readonly Tag[]): Promise<void>
  untagRole(name: string, keys: readonly string[]): Promise<void>
  setTrustPolicy(name: string, policy: string): Promise<void>
  setMaxSession(name: string, seconds: number): Promise<void>
  setBoundary(name: string, arn: string): Promise<void>
  /** ARNs. */
  attachedPolicies(name: string): Promise<readonly string[]>
  /** Whether a managed policy exists. */
  hasPolicy(arn: string): Promise<boolean>
  attach(name: string, arn: string): Promise<void>
  detach(name: string, arn: string): Promise<void>
  inlinePolicies(name: string): Promise<readonly string[]>
  /** JSON. */
  inlinePolicy(name: string, policy: string): Promise<string | undefined>
  putInline(name: string, policy: string, document: string): Promise<void>
  deleteInline(name: string, policy: string): Promise<void>
  /** The most characters that a trust policy may have in this account. */
  trustPolicyQuota(): Promise<number>
}

/** A page also has the trust policies, of up to 8,192 percent-encoded characters each, and must stay below 1 MiB. */
const PAGE = 25

export function createIam(client: IAMClient, context: SendContext): Iam {
  const ask = <T>(action: string, role: string, run: () => Promise<T>): Promise<T> =>
    send(context, { action: `iam:${action}`, what: role === '' ? '' : `of role ${role}`, run })
  /** Deletes what may already be gone. */
  const without = async (action: string, role: string, run: () => Promise<unknown>): Promise<void> => {
    await ask(action, role, run).catch(unlessAbsent)
  }
  const change = async (action: string, role: string, run: () => Promise<unknown>): Promise<void> => {
    await ask(action, role, run)
  }
  return {
    async listRoles(path) {
      return pages(async (Marker) => {
        const page = await ask('ListRoles', '', () =>
          client.send(new ListRolesCommand({ PathPrefix: path, MaxItems: PAGE, ...marked(Marker) })),
        )
        return { items: (page.Roles ?? []).map(({ RoleName = '' }) => RoleName), next: next(page) }
      })
    },
    async getRole(name) {
      const found = await ask('GetRole', name, () =>
        client.send(new GetRoleCommand({ RoleName: name })),
      ).catch(unlessAbsent)
      if (found === undefined) return undefined
      if (found.Role === undefined) throw noAnswer('iam:GetRole')
      return recordOf(found.Role)
    },
    async createRole({ name, path, policy, tags, maxSessionSeconds, boundary, description }) {
      await change('CreateRole', name, () =>
        client.send(
          new CreateRoleCommand({
            ...{ RoleName: name, Path: path, AssumeRolePolicyDocument: policy, Tags: [...tags] },
            ...{ MaxSessionDuration: maxSessionSeconds, Description: description },
            ...(boundary === undefined ? {} : { PermissionsBoundary: boundary }),
          }),
        ),
      )
    },
    deleteRole: (name) =>
      without('DeleteRole', name, () => client.send(new DeleteRoleCommand({ RoleName: name }))),
    tagRole: (name, tags) =>
      change('TagRole', name, () => client.send(new TagRoleCommand({ RoleName: name, Tags: [...tags] }))),
    untagRole: (name, keys) =>
      change('UntagRole', name, () =>
        client.send(new UntagRoleCommand({ RoleName: name, TagKeys: [...keys] })),
      ),
    setTrustPolicy: (name, policy) =>
      change('UpdateAssumeRolePolicy', name, () =>
        client.send(new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: policy })),
      ),
    setMaxSession: (name, seconds) =>
      change('UpdateRole', name, () =>
        client.send(new UpdateRoleCommand({ RoleName: name, MaxSessionDuration: seconds })),
      ),
    setBoundary: (name, arn) =>
      change('PutRolePermissionsBoundary', name, () =>
        client.send(new PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary: arn })),
      ),
    attachedPolicies: (name) =>
      pages(async (Marker) => {
        const page = await ask('ListAttachedRolePolicies', name, () =>
          client.send(new ListAttachedRolePoliciesCommand({ RoleName: name, ...marked(Marker) })),
        )
        return {
          items: (page.AttachedPolicies ?? []).map(({ PolicyArn = '' }) => PolicyArn),
          next: next(page),
        }
      }),
    async hasPolicy(arn) {
      const call = { action: 'iam:GetPolicy', what: `of ${arn}` }
      const run = (): Promise<unknown> => client.send(new GetPolicyCommand({ PolicyArn: arn }))
      const found = await send(context, { ...call, run }).catch(unlessAbsent)
      return found !== undefined
    },
    attach: (name, arn) =>
      change('AttachRolePolicy', name, () =>
        client.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: arn })),
      ),
    detach: (name, arn) =>
      without('DetachRolePolicy', name, () =>
        client.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: arn })),
      ),
    inlinePolicies: (name) =>
      pages(async (Marker) => {
        const page = await ask('ListRolePolicies', name, () =>
          client.send(new ListRolePoliciesCommand({ RoleName: name, ...marked(Marker) })),
        )
        return { items: page.PolicyNames ?? [], next: next(page) }
      }),
    async inlinePolicy(name, policy) {
      const found = await ask('GetRolePolicy', name, () =>
        client.send(new GetRolePolicyCommand({ RoleName: name, PolicyName: policy })),
      ).catch(unlessAbsent)
      return found?.PolicyDocument === undefined ? undefined : decoded(found.PolicyDocument)
    },
    putInline: (name, policy, document) =>
      change('PutRolePolicy', name, () =>
        client.send(
          new PutRolePolicyCommand({ RoleName: name, PolicyName: policy, PolicyDocument: document }),
        ),
      ),
    deleteInline: (name, policy) =>
      without('DeleteRolePolicy', name, () =>
        client.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: policy })),
      ),
    async trustPolicyQuota() {
      const { SummaryMap: summary } = await ask('GetAccountSummary', '', () =>
        client.send(new GetAccountSummaryCommand({})),
      )
      // 2,048 is AWS's default.
      return (summary as Readonly<Record<string, number>> | undefined)?.['AssumeRolePolicySizeQuota'] ?? 2048
    },
  }
}

export function unlessAbsent(error: unknown): undefined {
  if (isAbsent(error)) return undefined
  throw error
}

function recordOf(role: Role): RoleRecord {
  return {
    name: role.RoleName ?? '',
    arn: role.Arn ?? '',
    path: role.Path ?? '/',
    policy: decoded(role.AssumeRolePolicyDocument ?? ''),
    tags: (role.Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value })),
    maxSessionSeconds: role.MaxSessionDuration ?? 3600,
    boundary: role.PermissionsBoundary?.PermissionsBoundaryArn,
  }
}

/** IAM percent-encodes policies: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
function decoded(policy: string): string {
  return policy.startsWith('%7B') ? decodeURIComponent(policy) : policy
}

interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | undefined
}

async function pages<T>(page: (marker: string | undefined) => Promise<Page<T>>): Promise<readonly T[]> {
  const all: T[] = []
  let marker: string | undefined
  do {
    const { items, next } = await page(marker)
    all.push(...items)
    marker = next
  } while (marker !== undefined)
  return all
}

function marked(marker: string | undefined): { readonly Marker?: string } {
  return marker === undefined ? {} : { Marker: marker }
}

function next(page: {
  readonly IsTruncated?: boolean | undefined
  readonly Marker?: string | undefined
}): string | undefined {
  return page.IsTruncated === true ? page.Marker : undefined
}
