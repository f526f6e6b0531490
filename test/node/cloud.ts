/**
 * AWS as the node's pods see it: Roles Anywhere, STS and S3 under their own names and on port 443, with certificates of the
 * run's authority. Vault has its name in the cluster. The node's DNS knows these names and no other.
 */
import { host } from '../rig/emulators/http.ts'
import {
  createRolesAnywhere,
  type Role,
  type RolesAnywhereEmulator,
} from '../rig/emulators/roles-anywhere.ts'
import { createS3 } from '../rig/emulators/s3.ts'
import { createSessionStore, type SessionStore } from '../rig/emulators/sessions.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { createSts } from '../rig/emulators/sts.ts'
import type { Authority } from '../rig/emulators/authority.ts'
import { certificateFor } from '../support/server-certificate.ts'
import type { Addresses } from './dns.ts'
import { ADDRESSES } from './ground.ts'
import { createRelay } from './relay.ts'

export const VAULT_HOST = 'vault.vault.svc.cluster.local'
export const BUCKET = 'frontend-assets'

const HOSTS = {
  rolesanywhere: `rolesanywhere.${EXAMPLE.region}.amazonaws.com`,
  sts: `sts.${EXAMPLE.region}.amazonaws.com`,
  s3: `s3.${EXAMPLE.region}.amazonaws.com`,
} as const

export const NAMES: Addresses = new Map([
  [VAULT_HOST, ADDRESSES.node],
  ...Object.entries(HOSTS).map(
    ([service, name]) => [name, ADDRESSES[service as keyof typeof HOSTS]] as const,
  ),
])

export interface Cloud {
  readonly rolesAnywhere: RolesAnywhereEmulator
  readonly sessions: SessionStore
  close(): Promise<void>
}

/** A second role of the same account, for a pod with two. */
export const AUDIT_ROLE = `arn:aws:iam::${EXAMPLE.account}:role/frontend-audit`

/** @param anchor PEM of the trust anchor's certificates */
export async function startCloud(authority: Authority, anchor: readonly string[]): Promise<Cloud> {
  const sessions = createSessionStore()
  const common = { now: Date.now, region: EXAMPLE.region, sessions }
  const roles = [EXAMPLE.roleArn, AUDIT_ROLE].map(ofFrontend)
  const rolesAnywhere = createRolesAnywhere({
    ...common,
    anchors: [{ arn: EXAMPLE.anchorArn, certificates: anchor }],
    profiles: [{ arn: EXAMPLE.profileArn, roleArns: roles.map(({ arn }) => arn) }],
    roles,
  })
  const handlers = {
    rolesanywhere: rolesAnywhere.handle,
    sts: createSts(common),
    s3: createS3({ ...common, buckets: [BUCKET] }),
  }
  const close = await hostServices(
    authority,
    (Object.entries(HOSTS) as [keyof typeof HOSTS, string][]).map(([service, name]) => ({
      ...{ name, address: ADDRESSES[service], handler: handlers[service] },
    })),
  )
  return { rolesAnywhere, sessions, close }
}

export interface Service {
  readonly name: string
  readonly address: string
  readonly handler: Parameters<typeof host>[0]
}

/** Each on port 443 of its own address, with a certificate for its name. @returns what closes them */
export async function hostServices(
  authority: Authority,
  services: readonly Service[],
): Promise<() => Promise<void>> {
  const closing: (() => Promise<void>)[] = []
  for (const { name, address, handler } of services) {
    const hosted = await host(handler, { tls: certificateFor(authority, { dns: [name] }) })
    const relay = createRelay(address, 443, hosted.port)
    await relay.open()
    closing.push(
      () => relay.close(),
      () => hosted.close(),
    )
  }
  return async () => {
    for (const close of closing.splice(0)) await close()
  }
}

/** As the trust policy has it: the anchor, and the names of one account in one namespace. */
function ofFrontend(arn: string): Role {
  return {
    arn,
    trusts: ({ commonName, anchorArn }) =>
      commonName === EXAMPLE.commonName && anchorArn === EXAMPLE.anchorArn,
  }
}
