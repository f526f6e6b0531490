/**
 * The control plane of IAM Roles Anywhere: trust anchors, profiles, tags, revocation lists and subjects, from the public API
 * model 2018-05-10 (restJson1). Aliases, notification settings, trusted identity propagation and UpdateCrl are not emulated:
 * asking for them is an error of the emulator, not a refusal of AWS.
 */
import { randomUUID } from 'node:crypto'
import {
  createAnchor,
  deleteAnchor,
  getAnchor,
  listAnchors,
  switchAnchor,
  updateAnchor,
} from './control-anchors.ts'
import { authorize, bodyMembers, type ControlCall } from './control-call.ts'
import {
  deleteCrl,
  getCrl,
  getSubject,
  importCrl,
  listCrls,
  listSubjects,
  switchCrl,
} from './control-crls.ts'
import {
  createProfile,
  deleteMapping,
  deleteProfile,
  getProfile,
  listProfiles,
  putMapping,
  switchProfile,
  updateProfile,
} from './control-profiles.ts'
import { listTags, tagResource, untagResource } from './control-tags.ts'
import type { EmulatorRequest, EmulatorResponse, Handler } from './http.ts'
import type { Permissions } from './permissions.ts'
import { arnOf, type Kind, type RolesAnywhereAccount } from './roles-anywhere-account.ts'
import { verifySigV4, type SigningKeys, type SigV4Fault } from './sigv4.ts'
import { Refusal } from './x509-signature.ts'

export interface OperatorKeys extends SigningKeys {
  /** Whose they are. */
  readonly arn: string
}

export interface ControlOptions {
  /** Epoch milliseconds. */
  now(): number
  readonly account: RolesAnywhereAccount
  readonly permissions: Permissions
  readonly keys: { find(accessKeyId: string): OperatorKeys | undefined }
}

export function createControl(options: ControlOptions): Handler {
  return (request) => {
    try {
      const found = route(request)
      if (found === undefined) throw new Refusal(404, 'UnknownOperationException', 'unknown operation')
      const { operation, id } = found
      const call: ControlCall = {
        ...{ account: options.account, permissions: options.permissions, id, nowMs: options.now() },
        callerArn: authenticate(request, options).arn,
        query: new URLSearchParams(request.query),
        body: bodyMembers(request),
      }
      const strange = NOT_EMULATED.find((name) => name in call.body)
      if (strange !== undefined) throw new Error(`${strange} is not emulated`)
      authorize(call, `rolesanywhere:${operation.name}`, resourceOf(call, operation))
      return answer(operation.status ?? 200, {}, operation.run(call))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return refusal(error.status, error.type, error.message)
    }
  }
}

/** The operation's name as IAM has it, also of CreateSession, which is no part of the control plane. */
export function actionOf(request: EmulatorRequest): string {
  const name = request.path === '/sessions' ? 'CreateSession' : route(request)?.operation.name
  return `rolesanywhere:${name ?? 'unknown'}`
}

/** 503 as the model has it: a client may try again. */
export function unavailable(): EmulatorResponse {
  return refusal(503, 'ServiceUnavailableException', 'The service is unavailable.')
}

/** Modelled nowhere; clients know the code from other services. */
export function throttled(): EmulatorResponse {
  return refusal(429, 'ThrottlingException', 'Rate exceeded')
}

interface Operation {
  readonly name: string
  readonly method: string
  readonly path: RegExp
  readonly run: (call: ControlCall) => object
  /** What kind of resource `{id}` is. */
  readonly kind?: Kind
  /** Default 200. */
  readonly status?: number
}

/** `/trustanchors` for all, `/trustanchor/{id}` for one; the model's paths of the three are alike but for their words. */
function resource(
  kind: Kind,
  words: { readonly one: string; readonly all: string; readonly name: string; readonly create: string },
  runs: Readonly<Record<'create' | 'list' | 'get' | 'delete' | 'enable' | 'disable', Operation['run']>> & {
    readonly update?: Operation['run']
  },
): readonly Operation[] {
  const { name } = words
  const all = new RegExp(`^/${words.all}$`)
  const one = new RegExp(`^/${words.one}/([^/]+)$`)
  const update = runs.update
  return [
    { name: words.create, method: 'POST', path: all, run: runs.create, status: 201 },
    { name: `List${name}s`, method: 'GET', path: all, run: runs.list },
    { name: `Get${name}`, method: 'GET', path: one, run: runs.get, kind },
    { name: `Delete${name}`, method: 'DELETE', path: one, run: runs.delete, kind },
    ...(['Enable', 'Disable'] as const).map((verb) => {
      const lower = verb === 'Enable' ? 'enable' : 'disable'
      const path = new RegExp(`^/${words.one}/([^/]+)/${lower}$`)
      return { name: `${verb}${name}`, method: 'POST', path, run: runs[lower], kind }
    }),
    ...(update === undefined
      ? []
      : [{ name: `Update${name}`, method: 'PATCH', path: one, run: update, kind }]),
  ]
}

const MAPPINGS = /^\/profiles\/([^/]+)\/mappings$/

const OPERATIONS: readonly Operation[] = [
  ...resource(
    'trust-anchor',
    { one: 'trustanchor', all: 'trustanchors', name: 'TrustAnchor', create: 'CreateTrustAnchor' },
    {
      ...{
        create: createAnchor,
        list: listAnchors,
        get: getAnchor,
        update: updateAnchor,
        delete: deleteAnchor,
      },
      ...{ enable: switchAnchor(true), disable: switchAnchor(false) },
    },
  ),
  ...resource(
    'profile',
    { one: 'profile', all: 'profiles', name: 'Profile', create: 'CreateProfile' },
    {
      ...{ create: createProfile, list: listProfiles, get: getProfile, update: updateProfile },
      ...{ delete: deleteProfile, enable: switchProfile(true), disable: switchProfile(false) },
    },
  ),
  ...resource(
    'crl',
    { one: 'crl', all: 'crls', name: 'Crl', create: 'ImportCrl' },
    {
      ...{ create: importCrl, list: listCrls, get: getCrl, delete: deleteCrl },
      ...{ enable: switchCrl(true), disable: switchCrl(false) },
    },
  ),
  { name: 'PutAttributeMapping', method: 'PUT', path: MAPPINGS, run: putMapping, kind: 'profile' },
  { name: 'DeleteAttributeMapping', method: 'DELETE', path: MAPPINGS, run: deleteMapping, kind: 'profile' },
  { name: 'TagResource', method: 'POST', path: /^\/TagResource$/, run: tagResource, status: 201 },
  { name: 'UntagResource', method: 'POST', path: /^\/UntagResource$/, run: untagResource },
  { name: 'ListTagsForResource', method: 'GET', path: /^\/ListTagsForResource$/, run: listTags },
  { name: 'ListSubjects', method: 'GET', path: /^\/subjects$/, run: listSubjects },
  { name: 'GetSubject', method: 'GET', path: /^\/subject\/([^/]+)$/, run: getSubject },
  { name: 'UpdateCrl', method: 'PATCH', path: /^\/crl\/([^/]+)$/, run: missing, kind: 'crl' },
  { name: 'PutNotificationSettings', method: 'PATCH', path: /^\/put-notifications-settings$/, run: missing },
  {
    name: 'ResetNotificationSettings',
    method: 'PATCH',
    path: /^\/reset-notifications-settings$/,
    run: missing,
  },
]

function missing(): never {
  throw new Error('this operation is not emulated')
}

const NOT_EMULATED = ['aliasName', 'notificationSettings', 'tipConfiguration', 'crlDpRevocationEnabled']

function route(request: EmulatorRequest): { readonly operation: Operation; readonly id: string } | undefined {
  for (const operation of OPERATIONS) {
    const match = operation.method === request.method ? operation.path.exec(request.path) : null
    if (match !== null) return { operation, id: decodeURIComponent(match[1] ?? '') }
  }
  return undefined
}

/** What IAM is asked about: the resource that the call names. */
function resourceOf({ account, id, body, query }: ControlCall, { kind }: Operation): string {
  if (kind !== undefined) return id.startsWith('arn:') ? id : arnOf(account, kind, id)
  const named = body['resourceArn'] ?? query.get('resourceArn')
  return typeof named === 'string' ? named : `arn:aws:rolesanywhere:${account.region}:${account.account}:*`
}

/** The front of every JSON service of AWS answers so; its errors are in no model. AWS General Reference, "Common errors". */
const REFUSALS: Readonly<Record<SigV4Fault, readonly [type: string, message: string]>> = {
  missing: ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  malformed: ['IncompleteSignatureException', 'The request signature does not conform to AWS standards.'],
  scope: ['InvalidSignatureException', 'Credential should be scoped to a valid region and service.'],
  skewed: ['InvalidSignatureException', 'Signature expired or not yet current.'],
  'unknown-key': ['UnrecognizedClientException', 'The security token included in the request is invalid.'],
  'no-token': ['UnrecognizedClientException', 'The security token included in the request is invalid.'],
  'wrong-token': ['UnrecognizedClientException', 'The security token included in the request is invalid.'],
  expired: ['ExpiredTokenException', 'The security token included in the request is expired'],
  mismatch: [
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  ],
}

function authenticate(request: EmulatorRequest, options: ControlOptions): OperatorKeys {
  const signer = verifySigV4(request, {
    ...{ now: () => options.now(), service: 'rolesanywhere', region: options.account.region },
    sessions: options.keys,
  })
  if (typeof signer !== 'string') return signer
  const [type, message] = REFUSALS[signer]
  throw new Refusal(403, type, message)
}

function refusal(status: number, type: string, message: string): EmulatorResponse {
  return answer(status, { 'x-amzn-errortype': type }, { message })
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: object): EmulatorResponse {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'x-amzn-RequestId': randomUUID(), ...headers },
    body: JSON.stringify(body),
  }
}
