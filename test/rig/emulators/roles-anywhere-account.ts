/** What one account has in IAM Roles Anywhere in one region: the control plane writes it, CreateSession reads it. */
import { randomUUID } from 'node:crypto'
import type { Profile, TrustAnchor } from './roles-anywhere.ts'
import type { AttributeMapping } from './session-tags.ts'

export type Source =
  | {
      readonly sourceType: 'CERTIFICATE_BUNDLE'
      readonly sourceData: { readonly x509CertificateData: string }
    }
  | { readonly sourceType: 'AWS_ACM_PCA'; readonly sourceData: { readonly acmPcaArn: string } }

interface Stored {
  readonly id: string
  readonly arn: string
  readonly name: string
  readonly enabled: boolean
  /** ISO 8601. */
  readonly createdAt: string
  readonly updatedAt: string
}

export interface StoredAnchor extends Stored {
  readonly source: Source
  /** PEM. */
  readonly certificates: readonly string[]
}

export interface StoredProfile extends Stored {
  readonly roleArns: readonly string[]
  readonly managedPolicyArns: readonly string[]
  readonly sessionPolicy: string | undefined
  readonly durationSeconds: number
  readonly acceptRoleSessionName: boolean
  readonly requireInstanceProperties: boolean
  readonly attributeMappings: readonly AttributeMapping[]
}

export interface StoredCrl extends Stored {
  /** base64, as it came. */
  readonly crlData: string
  readonly trustAnchorArn: string
}

export interface Subject {
  readonly subjectArn: string
  readonly subjectId: string
  readonly enabled: boolean
  readonly x509Subject: string
  readonly lastSeenAt: string
  readonly createdAt: string
  readonly updatedAt: string
}

export interface RolesAnywhereAccount {
  readonly account: string
  readonly region: string
  readonly anchors: Map<string, StoredAnchor>
  readonly profiles: Map<string, StoredProfile>
  readonly crls: Map<string, StoredCrl>
  readonly subjects: Map<string, Subject>
  /** By the ARN of their resource. */
  readonly tags: Map<string, Map<string, string>>
  /** Made with the account's first trust anchor. */
  serviceLinkedRole: boolean
  /** PEM of the private CAs that are there, by their ARN. */
  readonly privateAuthorities: Map<string, readonly string[]>
}

export function createRolesAnywhereAccount(place: {
  readonly account: string
  readonly region: string
}): RolesAnywhereAccount {
  return {
    ...place,
    anchors: new Map(),
    profiles: new Map(),
    crls: new Map(),
    subjects: new Map(),
    tags: new Map(),
    serviceLinkedRole: false,
    privateAuthorities: new Map(),
  }
}

export type Kind = 'trust-anchor' | 'profile' | 'crl'

export function arnOf({ account, region }: RolesAnywhereAccount, kind: Kind, id: string): string {
  return `arn:aws:rolesanywhere:${region}:${account}:${kind}/${id}`
}

/** What every new resource has. */
export function newResource(
  account: RolesAnywhereAccount,
  kind: Kind,
  nowMs: number,
): Pick<Stored, 'id' | 'arn' | 'createdAt' | 'updatedAt'> {
  const id = randomUUID()
  const at = new Date(nowMs).toISOString()
  return { id, arn: arnOf(account, kind, id), createdAt: at, updatedAt: at }
}

/** As CreateSession takes them. */
export function trustAnchors({ anchors }: RolesAnywhereAccount): readonly TrustAnchor[] {
  return [...anchors.values()]
}

export function sessionProfiles({ profiles }: RolesAnywhereAccount): readonly Profile[] {
  return [...profiles.values()]
}
