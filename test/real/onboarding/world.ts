/** All that is there of an installation in AWS, Vault and the cluster: to be compared, and to be put back as it was. */
import { isDeepStrictEqual } from 'node:util'
import type { Account } from '../../../src/onboarding/aws/account.ts'
import type { RoleRecord } from '../../../src/onboarding/aws/iam.ts'
import { api } from '../../rig/servers/api.ts'
import { askIam } from '../../rig/servers/moto.ts'
import type { Ground } from './ground.ts'
import { openOperator } from './operator.ts'

type Json = Readonly<Record<string, unknown>>

interface StoredRole extends Pick<RoleRecord, 'name' | 'path' | 'policy' | 'maxSessionSeconds' | 'tags'> {
  readonly attached: readonly string[]
}

interface VaultState {
  /** By their paths; of a mount what it is, what it is configured with and what is in it. */
  readonly auth: Readonly<Record<string, Json>>
  readonly secrets: Readonly<Record<string, Json>>
  readonly policies: Readonly<Record<string, unknown>>
}

export interface World {
  readonly roles: readonly StoredRole[]
  readonly anywhere: Pick<Ground['aws']['account'], 'anchors' | 'profiles' | 'tags'>
  readonly vault: VaultState
  readonly objects: readonly Json[]
}

/** An operator whom no fault, refusal or old read of the gate meets. */
export function openPastGate({ env, motoUrl }: Pick<Ground['aws'], 'env' | 'motoUrl'>): Promise<Account> {
  return openOperator({ env: { ...env, AWS_ENDPOINT_URL_IAM: motoUrl, AWS_ENDPOINT_URL_STS: motoUrl } })
}

export async function readWorld(ground: Ground, account: Account): Promise<World> {
  const { anchors, profiles, tags } = ground.aws.account
  const [roles, vault, objects] = await Promise.all([
    readRoles(ground, account),
    readVault(ground),
    readObjects(ground),
  ])
  return { roles, anywhere: structuredClone({ anchors, profiles, tags }), vault, objects }
}

/** Without what differs from run to run; one id everywhere remains one id everywhere. */
export function comparable({ roles, anywhere, vault, objects }: World): unknown {
  const ids = new Map<string, number>()
  const text = JSON.stringify({
    roles: roles.map((one) => ({ ...one, tags: sorted(one.tags) })),
    anchors: [...anywhere.anchors.values()],
    profiles: [...anywhere.profiles.values()],
    tags: [...anywhere.tags].map(([arn, tags]) => [arn, sorted([...tags])]),
    ...{ vault, objects },
  })
  return JSON.parse(
    text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
        const number = ids.get(id) ?? ids.size + 1
        ids.set(id, number)
        return `<id ${number}>`
      })
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<at>')
      .replace(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----(\\n)*/g, '<certificate>')
      .replace(/auth_kubernetes_[0-9a-f]+/g, '<accessor>'),
  )
}

function sorted<T>(some: readonly T[]): readonly T[] {
  return some.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

export async function restore(ground: Ground, account: Account, world: World): Promise<void> {
  await Promise.all([
    restoreRoles(ground, account, world.roles),
    restoreVault(ground, world.vault),
    restoreObjects(ground, world.objects),
  ])
  for (const kind of ['anchors', 'profiles', 'tags'] as const) {
    const stored: Map<string, unknown> = ground.aws.account[kind]
    stored.clear()
    for (const [key, value] of structuredClone(world.anywhere[kind])) stored.set(key, value)
  }
}

async function readRoles({ aws }: Ground, { iam }: Account): Promise<readonly StoredRole[]> {
  const { body } = await askIam(aws.motoUrl, { Action: 'ListRoles', PathPrefix: '/iam-ra/' })
  const names = [...body.matchAll(/<RoleName>(.*?)</g)].map(([, name = '']) => name)
  return await Promise.all(
    names.map(async (roleName) => {
      const found = await iam.getRole(roleName)
      if (found === undefined) throw new Error(`no role ${roleName}`)
      const attached = await iam.attachedPolicies(roleName)
      const { name, path, policy, maxSessionSeconds, tags } = found
      return { name, path, policy, maxSessionSeconds, tags, attached }
    }),
  )
}

async function restoreRoles(ground: Ground, account: Account, roles: readonly StoredRole[]): Promise<void> {
  const now = await readRoles(ground, account)
  if (isDeepStrictEqual(now, roles)) return
  const ask = async (Action: string, RoleName: string, more: Readonly<Record<string, string>> = {}) => {
    const { status, body } = await askIam(ground.aws.motoUrl, { Action, RoleName, ...more })
    if (status !== 200) throw new Error(`moto answered ${status} to ${Action}: ${body}`)
  }
  for (const { name, attached } of now) {
    for (const PolicyArn of attached) await ask('DetachRolePolicy', name, { PolicyArn })
    await ask('DeleteRole', name)
  }
  for (const { name, path, policy, maxSessionSeconds, tags, attached } of roles) {
    const members = tags.flatMap(({ Key, Value }, index) => [
      [`Tags.member.${index + 1}.Key`, Key] as const,
      [`Tags.member.${index + 1}.Value`, Value] as const,
    ])
    await ask('CreateRole', name, {
      ...{ Path: path, AssumeRolePolicyDocument: policy, MaxSessionDuration: String(maxSessionSeconds) },
      ...Object.fromEntries(members),
    })
    for (const PolicyArn of attached) await ask('AttachRolePolicy', name, { PolicyArn })
  }
}

const OWN_MOUNTS = ['token/', 'cubbyhole/', 'identity/', 'sys/']

/** Past the gateway. */
async function ask(ground: Ground, method: string, path: string, body?: object): Promise<Json> {
  const headers = { 'X-Vault-Token': ground.env['VAULT_TOKEN'] ?? '' }
  const { status, json } = await api(method, `${ground.vaultServer.url}/v1/${path}`, { headers, body })
  if (status > 299 && status !== 404) throw new Error(`Vault answered ${status} to ${method} ${path}`)
  return (json['data'] ?? {}) as Json
}

async function namesIn(ground: Ground, path: string): Promise<readonly string[]> {
  return ((await ask(ground, 'LIST', path))['keys'] ?? []) as readonly string[]
}

/** What is at each of the names that a list has. */
async function allIn(ground: Ground, path: string): Promise<Json> {
  const names = await namesIn(ground, path)
  const found = names.map(async (name) => [name, await ask(ground, 'GET', `${path}/${name}`)] as const)
  return Object.fromEntries(await Promise.all(found))
}

async function readVault(ground: Ground): Promise<VaultState> {
  const mounts = async (path: string, read: (mount: string) => Promise<Json>) => {
    const entries = Object.entries(await ask(ground, 'GET', path)).filter(
      ([name]) => !OWN_MOUNTS.includes(name),
    )
    const found = entries.map(async ([name, mount]) => {
      const { type, config } = mount as Json
      return [name, { type, config, ...(await read(name.replace(/\/$/, ''))) }] as const
    })
    return Object.fromEntries(await Promise.all(found))
  }
  const [auth, secrets, policies] = await Promise.all([
    mounts('sys/auth', async (mount) => ({
      settings: await ask(ground, 'GET', `auth/${mount}/config`),
      roles: await allIn(ground, `auth/${mount}/role`),
    })),
    mounts('sys/mounts', async (mount) => ({
      keys: (await namesIn(ground, `${mount}/keys`)).length,
      issuers: await issuersIn(ground, mount),
      roles: await allIn(ground, `${mount}/roles`),
      urls: await ask(ground, 'GET', `${mount}/config/urls`),
    })),
    allIn(ground, 'sys/policies/acl'),
  ])
  const { default: _default, root: _root, ...own } = policies
  return { auth, secrets, policies: own }
}

async function issuersIn(ground: Ground, mount: string): Promise<readonly unknown[]> {
  const ids = await namesIn(ground, `${mount}/issuers`)
  const found = await Promise.all(
    ids.map(async (id) => {
      const { ca_chain: chain, key_id: key } = await ask(ground, 'GET', `${mount}/issuer/${id}`)
      return { above: (chain as readonly unknown[]).length, hasKey: key !== '' }
    }),
  )
  return sorted(found)
}

async function restoreVault(ground: Ground, { auth, secrets, policies }: VaultState): Promise<void> {
  const now = await readVault(ground)
  const gone = (state: Json, before: Json): readonly string[] =>
    Object.keys(state).filter((name) => !(name in before))
  for (const name of gone(now.auth, auth)) await ask(ground, 'DELETE', `sys/auth/${name}`)
  for (const name of gone(now.secrets, secrets)) await ask(ground, 'DELETE', `sys/mounts/${name}`)
  for (const name of gone(now.policies, policies)) await ask(ground, 'DELETE', `sys/policies/acl/${name}`)
  for (const [mount, { settings, roles }] of Object.entries(auth)) {
    const { settings: settingsNow, roles: rolesNow } = now.auth[mount] ?? {}
    for (const role of gone(rolesNow as Json, roles as Json))
      await ask(ground, 'DELETE', `auth/${mount}role/${role}`)
    for (const [role, { bound_service_account_names: names }] of Object.entries(
      roles as Record<string, Json>,
    ))
      await ask(ground, 'PUT', `auth/${mount}role/${role}`, { bound_service_account_names: names })
    // Written without a reviewer token, it has none.
    if (!isDeepStrictEqual(settings, settingsNow))
      await ask(ground, 'PUT', `auth/${mount}config`, settings as object)
  }
}

const LABEL = '?labelSelector=app.kubernetes.io%2Fmanaged-by%3Diam-ra'
const PLACES = [
  '/api/v1/serviceaccounts',
  '/api/v1/configmaps',
  '/api/v1/pods',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
] as const

interface KubeItem extends Json {
  readonly metadata: { readonly name: string; readonly namespace?: string } & Json
}

async function readObjects({ kubernetes }: Ground): Promise<readonly Json[]> {
  const lists = await Promise.all(
    PLACES.map(async (place) => {
      const { items } = await kubernetes.request('GET', `${place}${LABEL}`)
      return (items as readonly KubeItem[]).map((item) => {
        const { name, namespace, labels, annotations } = item.metadata
        const { status: _status, ...rest } = item
        return { place, ...rest, metadata: { name, namespace, labels, annotations } }
      })
    }),
  )
  return lists.flat()
}

async function restoreObjects(ground: Ground, objects: readonly Json[]): Promise<void> {
  const now = await readObjects(ground)
  const isIn = (some: readonly Json[], one: Json): boolean =>
    some.some((other) => isDeepStrictEqual(other, one))
  const collection = ({ place, metadata }: Json): string => {
    const { namespace } = metadata as KubeItem['metadata']
    const path = String(place)
    return namespace === undefined ? path : path.replace(/\/v1\//, `/v1/namespaces/${namespace}/`)
  }
  for (const one of now.filter((other) => !isIn(objects, other))) {
    const { name } = one['metadata'] as KubeItem['metadata']
    await ground.kubernetes.request('DELETE', `${collection(one)}/${name}`, { gracePeriodSeconds: 0 })
  }
  for (const one of objects.filter((other) => !isIn(now, other))) {
    const { place: _place, ...object } = one
    await ground.kubernetes.request('POST', collection(one), object)
  }
}
