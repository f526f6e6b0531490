/** Calls to the control plane of IAM Roles Anywhere, as functions. */
import {
  CreateProfileCommand,
  CreateTrustAnchorCommand,
  DeleteProfileCommand,
  DeleteTrustAnchorCommand,
  DisableProfileCommand,
  DisableTrustAnchorCommand,
  EnableProfileCommand,
  EnableTrustAnchorCommand,
  type RolesAnywhereClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateProfileCommand,
} from '@aws-sdk/client-rolesanywhere'
import { isRecord } from '../../text/json.ts'
import type { Tag } from './bindings.ts'
import { unlessAbsent } from './iam.ts'
import { sendPlain, type Answer } from './plain-command.ts'
import { send, type Call, type SendContext } from './send.ts'

export interface AnchorRecord {
  readonly id: string
  readonly arn: string
  readonly name: string
  readonly enabled: boolean
  /** PEM; empty if the anchor's CA is in ACM Private CA. */
  readonly certificates: string
  readonly createdAt: string
}

export interface ProfileRecord {
  readonly id: string
  readonly arn: string
  readonly name: string
  readonly enabled: boolean
  readonly roleArns: readonly string[]
  readonly durationSeconds: number
  readonly createdAt: string
  /** The whole answer, for checks of members that are not listed here. */
  readonly all: Answer
}

type NewProfile = Pick<ProfileRecord, 'name' | 'roleArns' | 'durationSeconds'> & {
  readonly tags: readonly Tag[]
}

export interface RolesAnywhere {
  listAnchors(): Promise<readonly AnchorRecord[]>
  getAnchor(id: string): Promise<AnchorRecord | undefined>
  /** Enabled. @param made looks for one that an earlier attempt created */
  createAnchor(
    anchor: { readonly name: string; readonly pem: string; readonly tags: readonly Tag[] },
    made: () => Promise<AnchorRecord | undefined>,
  ): Promise<AnchorRecord>
  switchAnchor(id: string, enabled: boolean): Promise<void>
  deleteAnchor(id: string): Promise<void>
  listProfiles(): Promise<readonly ProfileRecord[]>
  /** Enabled. */
  createProfile(profile: NewProfile, made: () => Promise<ProfileRecord | undefined>): Promise<ProfileRecord>
  updateProfile(
    id: string,
    changes: Partial<Pick<ProfileRecord, 'roleArns' | 'durationSeconds'>>,
  ): Promise<void>
  switchProfile(id: string, enabled: boolean): Promise<void>
  deleteProfile(id: string): Promise<void>
  /** None if another operator has deleted it since it was listed. */
  tags(arn: string): Promise<readonly Tag[]>
  tag(arn: string, tags: readonly Tag[]): Promise<void>
  untag(arn: string, keys: readonly string[]): Promise<void>
}

export function createRolesAnywhereCalls(client: RolesAnywhereClient, context: SendContext): RolesAnywhere {
  const ask = <T>(call: Call<T>): Promise<T> =>
    send(context, { ...call, action: `rolesanywhere:${call.action}` })
  const change = async (action: string, what: string, run: () => Promise<unknown>): Promise<void> => {
    await ask({ action, what, run })
  }
  const without = async (action: string, what: string, run: () => Promise<unknown>): Promise<void> => {
    await ask({ action, what, run }).catch(unlessAbsent)
  }
  const list = async (action: string, path: string, member: string): Promise<readonly Answer[]> => {
    const all: Answer[] = []
    let token: unknown
    do {
      const query = typeof token === 'string' ? { nextToken: token } : {}
      const run = (): Promise<Answer> => sendPlain(client, { method: 'GET', path, query })
      const page = await ask({ action, what: '', run })
      const items = page[member]
      if (Array.isArray(items)) all.push(...items.filter(isRecord))
      token = page['nextToken']
    } while (typeof token === 'string')
    return all
  }
  return {
    listAnchors: async () => (await list('ListTrustAnchors', '/trustanchors', 'trustAnchors')).map(anchorOf),
    async getAnchor(id) {
      const found = await ask({
        ...{ action: 'GetTrustAnchor', what: `of ${id}` },
        run: () => sendPlain(client, { method: 'GET', path: `/trustanchor/${encodeURIComponent(id)}` }),
      }).catch(unlessAbsent)
      return found === undefined ? undefined : anchorOf(detailOf(found, 'trustAnchor'))
    },
    createAnchor: ({ name, pem, tags }, made) =>
      ask({
        ...{ action: 'CreateTrustAnchor', what: `of ${name}`, made },
        run: async () => {
          const { trustAnchor } = await client.send(
            new CreateTrustAnchorCommand({
              ...{ name, enabled: true, tags: lower(tags) },
              source: { sourceType: 'CERTIFICATE_BUNDLE', sourceData: { x509CertificateData: pem } },
            }),
          )
          return anchorOf({ ...trustAnchor })
        },
      }),
    switchAnchor: (id, enabled) =>
      change(enabled ? 'EnableTrustAnchor' : 'DisableTrustAnchor', `of ${id}`, () =>
        enabled
          ? client.send(new EnableTrustAnchorCommand({ trustAnchorId: id }))
          : client.send(new DisableTrustAnchorCommand({ trustAnchorId: id })),
      ),
    deleteAnchor: (id) =>
      without('DeleteTrustAnchor', `of ${id}`, () =>
        client.send(new DeleteTrustAnchorCommand({ trustAnchorId: id })),
      ),
    listProfiles: async () => (await list('ListProfiles', '/profiles', 'profiles')).map(profileOf),
    createProfile: ({ name, roleArns, durationSeconds, tags }, made) =>
      ask({
        ...{ action: 'CreateProfile', what: `of ${name}`, made },
        run: async () => {
          const { profile } = await client.send(
            new CreateProfileCommand({
              ...{ name, enabled: true, roleArns: [...roleArns], durationSeconds, tags: lower(tags) },
            }),
          )
          return profileOf({ ...profile })
        },
      }),
    updateProfile: (id, { roleArns, durationSeconds }) =>
      change('UpdateProfile', `of ${id}`, () =>
        client.send(
          new UpdateProfileCommand({
            profileId: id,
            ...(roleArns === undefined ? {} : { roleArns: [...roleArns] }),
            ...(durationSeconds === undefined ? {} : { durationSeconds }),
          }),
        ),
      ),
    switchProfile: (id, enabled) =>
      change(enabled ? 'EnableProfile' : 'DisableProfile', `of ${id}`, () =>
        enabled
          ? client.send(new EnableProfileCommand({ profileId: id }))
          : client.send(new DisableProfileCommand({ profileId: id })),
      ),
    deleteProfile: (id) =>
      without('DeleteProfile', `of ${id}`, () => client.send(new DeleteProfileCommand({ profileId: id }))),
    async tags(arn) {
      const found = await ask({
        ...{ action: 'ListTagsForResource', what: `of ${arn}` },
        run: () =>
          sendPlain(client, { method: 'GET', path: '/ListTagsForResource', query: { resourceArn: arn } }),
      }).catch(unlessAbsent)
      const tags = found?.['tags']
      return (Array.isArray(tags) ? tags : [])
        .filter(isRecord)
        .map(({ key, value }) => ({ Key: textOf(key), Value: textOf(value) }))
    },
    tag: (arn, tags) =>
      change('TagResource', `of ${arn}`, () =>
        client.send(new TagResourceCommand({ resourceArn: arn, tags: lower(tags) })),
      ),
    untag: (arn, keys) =>
      change('UntagResource', `of ${arn}`, () =>
        client.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: [...keys] })),
      ),
  }
}

function lower(tags: readonly Tag[]): { readonly key: string; readonly value: string }[] {
  return tags.map(({ Key, Value }) => ({ key: Key, value: Value }))
}

function detailOf(answer: Answer, member: string): Answer {
  const detail = answer[member]
  return isRecord(detail) ? detail : {}
}

function anchorOf(detail: Answer): AnchorRecord {
  const source = detailOf(detailOf(detail, 'source'), 'sourceData')
  return {
    id: textOf(detail['trustAnchorId']),
    arn: textOf(detail['trustAnchorArn']),
    name: textOf(detail['name']),
    enabled: detail['enabled'] === true,
    certificates: textOf(source['x509CertificateData']),
    createdAt: momentOf(detail['createdAt']),
  }
}

function profileOf(detail: Answer): ProfileRecord {
  const { roleArns, durationSeconds } = detail
  return {
    id: textOf(detail['profileId']),
    arn: textOf(detail['profileArn']),
    name: textOf(detail['name']),
    enabled: detail['enabled'] === true,
    roleArns: Array.isArray(roleArns) ? roleArns.map(textOf) : [],
    durationSeconds: typeof durationSeconds === 'number' ? durationSeconds : 3600,
    createdAt: momentOf(detail['createdAt']),
    all: detail,
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** In milliseconds, since the SDK's own commands turn it into a Date. */
function momentOf(value: unknown): string {
  const moment = value instanceof Date ? value : new Date(textOf(value))
  return Number.isNaN(moment.getTime()) ? '' : moment.toISOString()
}
