/**
 * CreateSession of IAM Roles Anywhere: POST /sessions, signed with a certificate's key. IAM Roles Anywhere User Guide,
 * "Authentication: CreateSession and the signing process". Texts of refusals are those that users quote of live AWS where
 * there are any; which refusal comes first where several are due is documented nowhere.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readMembers, type SessionMembers } from './create-session-members.ts'
import type { EmulatorRequest, EmulatorResponse } from './http.ts'
import { readCertificate, type ReadCertificate } from './read-certificate.ts'
import { sessionTags, type AttributeMapping } from './session-tags.ts'
import { base32, type SessionStore } from './sessions.ts'
import { hasPath, isFit } from './trust.ts'
import { authenticate, denied, invalid, Refusal, type Caller } from './x509-signature.ts'

export interface TrustAnchor {
  readonly arn: string
  /** PEM. */
  readonly certificates: readonly string[]
  readonly enabled?: boolean
}

export interface Profile {
  readonly arn: string
  readonly roleArns: readonly string[]
  /** Default 3600. */
  readonly durationSeconds?: number
  readonly acceptRoleSessionName?: boolean
  readonly requireInstanceProperties?: boolean
  readonly enabled?: boolean
  /** Default those that AWS gives a new profile. */
  readonly attributeMappings?: readonly AttributeMapping[]
}

export interface Role {
  readonly arn: string
  /** Default 43200. */
  readonly maxSessionSeconds?: number
  /** What its trust policy makes of the certificate and the anchor. Default: allows. */
  trusts?(caller: {
    readonly commonName: string | undefined
    readonly issuerName: string | undefined
    readonly uris: readonly string[]
    readonly anchorArn: string
    /** By key, such as `x509Subject/CN`; undefined if something of the certificate cannot be a tag. */
    readonly tags: Readonly<Record<string, string>> | undefined
    readonly sourceIdentity: string | undefined
  }): boolean
}

export interface RolesAnywhereOptions {
  /** Epoch milliseconds. */
  now(): number
  readonly region: string
  readonly sessions: SessionStore
  anchors: readonly TrustAnchor[]
  profiles: readonly Profile[]
  roles: readonly Role[]
}

export interface CreatedSession {
  readonly accessKeyId: string
  readonly sessionName: string
  readonly roleArn: string
  /** Lower-case hex, as in the session's name. */
  readonly serial: string
  readonly durationSeconds: number
}

export interface RolesAnywhereEmulator {
  /** Anchors, profiles and roles may be replaced while it runs. */
  readonly options: RolesAnywhereOptions
  readonly created: readonly CreatedSession[]
  handle(request: EmulatorRequest): EmulatorResponse
}

export function createRolesAnywhere(options: RolesAnywhereOptions): RolesAnywhereEmulator {
  const created: CreatedSession[] = []
  return {
    options,
    created,
    handle(request) {
      try {
        if (request.path !== '/sessions' || request.method !== 'POST') {
          throw new Refusal(404, 'UnknownOperationException', 'unknown operation')
        }
        const caller = authenticate(request, options.region, options.now())
        const members = readMembers(request)
        if ('fault' in members) throw invalid(members.fault)
        return answer(201, {}, createSession(caller, members, options, created))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return answer(error.status, { 'x-amzn-ErrorType': error.type }, { message: error.message })
      }
    },
  }
}

function createSession(
  caller: Caller,
  members: SessionMembers,
  options: RolesAnywhereOptions,
  created: CreatedSession[],
): object {
  const { leaf } = caller
  const anchor = options.anchors.find(({ arn }) => arn === members.trustAnchorArn)
  if (anchor === undefined || arnRegion(members.trustAnchorArn) !== options.region) {
    throw new Refusal(404, 'ResourceNotFoundException', "Specified Trust Anchor wasn't found.")
  }
  if (anchor.enabled === false) throw denied('Specified Trust Anchor is disabled.')
  if (!isFit(leaf)) throw denied('Untrusted certificate. Insufficient certificate')
  const anchors = anchor.certificates.map((pem) => readCertificate(pemBytes(pem)))
  if (!hasPath(leaf, caller.chain, anchors, options.now())) throw denied('Untrusted signing certificate')
  const profile = options.profiles.find(({ arn }) => arn === members.profileArn)
  if (profile === undefined || profile.enabled === false || profile.roleArns.length === 0) {
    throw denied('Invalid or empty profile provided.')
  }
  const role = options.roles.find(({ arn }) => arn === members.roleArn)
  if (!profile.roleArns.includes(members.roleArn)) {
    throw denied("Requested Role isn't one of those listed in the Profile.")
  }
  if (members.roleSessionName !== undefined && profile.acceptRoleSessionName !== true) {
    throw denied('Not authorized to set roleSessionName.')
  }
  if (profile.requireInstanceProperties === true && !members.hasInstanceProperties) {
    throw invalid('Instance properties are required by the profile.')
  }
  const { commonName, issuerName } = leaf
  const uris = (leaf.x509.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice(4))
  const tags = sessionTags(leaf, profile.attributeMappings)
  // A source identity has at most 64 characters, `CN=` among them.
  const sourceIdentity = commonName !== undefined && commonName.length <= 61 ? `CN=${commonName}` : undefined
  const who = { commonName, issuerName, uris, tags, sourceIdentity }
  if (role === undefined || role.trusts?.({ ...who, anchorArn: anchor.arn }) === false) {
    throw denied(`Unable to assume role for ${members.roleArn}`)
  }
  const profileSeconds = profile.durationSeconds ?? 3600
  const durationSeconds = Math.min(profileSeconds, members.durationSeconds ?? profileSeconds)
  if (durationSeconds > (role.maxSessionSeconds ?? 43200)) {
    throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
  }
  const serial = leaf.x509.serialNumber.toLowerCase()
  const sessionName = members.roleSessionName ?? serial
  const account = arnAccount(members.roleArn)
  const roleName = members.roleArn.slice(members.roleArn.lastIndexOf('/') + 1)
  const session = options.sessions.issue({
    expiresAtMs: options.now() + durationSeconds * 1000,
    assumedRoleArn: `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`,
    assumedRoleId: `AROA${base32(17)}:${sessionName}`,
    account,
  })
  created.push({ accessKeyId: session.accessKeyId, sessionName, roleArn: role.arn, serial, durationSeconds })
  return {
    credentialSet: [
      {
        assumedRoleUser: { arn: session.assumedRoleArn, assumedRoleId: session.assumedRoleId },
        credentials: {
          accessKeyId: session.accessKeyId,
          expiration: new Date(session.expiresAtMs).toISOString().replace('.000Z', 'Z'),
          secretAccessKey: session.secretAccessKey,
          sessionToken: session.sessionToken,
        },
        packedPolicySize: 40,
        roleArn: role.arn,
        ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      },
    ],
    subjectArn: subjectArn(anchor.arn, leaf),
  }
}

/** One subject for one distinguished name, so that the same name comes back as the same ARN. */
function subjectArn(anchorArn: string, leaf: ReadCertificate): string {
  const hex = createHash('sha256').update(leaf.x509.subject).digest('hex')
  const uuid = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-')
  return `arn:aws:rolesanywhere:${arnRegion(anchorArn)}:${arnAccount(anchorArn)}:subject/${uuid}`
}

function arnRegion(arn: string): string {
  return arn.split(':')[3] ?? ''
}

function arnAccount(arn: string): string {
  return arn.split(':')[4] ?? ''
}

function pemBytes(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64')
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: object): EmulatorResponse {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'x-amzn-RequestId': randomUUID(), ...headers },
    body: JSON.stringify(body),
  }
}
