/** One set-up in a real Vault and in the emulated one. */
import http from 'node:http'
import type { Cluster } from '../rig/emulators/cluster.ts'
import { emulatorRequest, host, type Hosted } from '../rig/emulators/http.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import type { JwtRole, KubernetesRole } from '../rig/emulators/vault-auth.ts'
import type { PkiRole } from '../rig/emulators/vault-pki.ts'
import {
  addIntermediate,
  mountPki,
  putLoginRole,
  putPkiRole,
  startPkiStage,
  type PkiStage,
} from './authority.ts'
import { JWT_ROLES, PKI_ROLES } from './twin-roles.ts'

export interface TwinRequest {
  readonly method: string
  /** Below /v1/. */
  readonly path: string
  readonly token?: string
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly contentType: string | undefined
  readonly cacheControl: string | undefined
  readonly body: string
}

export interface Twins {
  readonly stage: PkiStage
  real(request: TwinRequest): Promise<Answer>
  emulated(request: TwinRequest): Answer
  close(): Promise<void>
}

export async function startTwins(): Promise<Twins> {
  const stage = await startPkiStage()
  let reviewer: Hosted | undefined
  try {
    reviewer = await host(tokenReview(stage.cluster))
    const { server } = stage
    await mountPki(server, 'pki')
    await addIntermediate(server, 'pki', { signedBy: stage.root, withRoot: true })
    for (const [name, [parameters]] of Object.entries(PKI_ROLES))
      await putPkiRole(server, 'pki', name, parameters)
    for (const [name, [parameters]] of Object.entries(JWT_ROLES)) await putLoginRole(server, name, parameters)
    await server.write('sys/auth/kubernetes', { type: 'kubernetes' })
    await server.write('auth/kubernetes/config', {
      kubernetes_host: reviewer.url,
      token_reviewer_jwt: stage.token(),
      disable_local_ca_jwt: true,
    })
    await server.write('auth/kubernetes/role/app', {
      bound_service_account_names: ['vault-*'],
      bound_service_account_namespaces: ['frontend'],
      audience: EXAMPLE.audience,
      token_policies: ['iam-ra'],
      token_ttl: 300,
    })
    emulate(stage)
    const hosted = reviewer
    return {
      stage,
      real: (request) => ask(server.url, request),
      emulated(request) {
        const answer = stage.vaultEmulator.handle(
          emulatorRequest({
            method: request.method,
            target: `/v1/${request.path}`,
            headers: request.token === undefined ? [] : [['X-Vault-Token', request.token]],
            ...(request.body === undefined ? {} : { body: request.body }),
          }),
        )
        return {
          status: answer.status,
          contentType: answer.headers['Content-Type'],
          cacheControl: answer.headers['Cache-Control'],
          // The emulators' host leaves it out there.
          body: request.method === 'HEAD' ? '' : answer.body,
        }
      },
      async close() {
        await stage.close()
        await hosted.close()
      },
    }
  } catch (error) {
    await stage.close()
    await reviewer?.close()
    throw error
  }
}

/** The same in the emulator. */
function emulate({ vaultEmulator: { options } }: PkiStage): void {
  const { kubernetes, jwt } = options.auth
  const mount = options.pki[EXAMPLE.pkiMount]
  if (kubernetes?.type !== 'kubernetes' || jwt?.type !== 'jwt' || mount === undefined) {
    throw new Error('the stage has other mounts')
  }
  const token = { policies: ['iam-ra'], ttlSeconds: 300, type: 'service' } as const
  const login: KubernetesRole = {
    ...token,
    serviceAccounts: ['vault-*'],
    namespaces: ['frontend'],
    audience: EXAMPLE.audience,
  }
  const jwtRole: JwtRole = { ...token, audiences: [EXAMPLE.audience], userClaim: 'sub' }
  options.auth = {
    kubernetes: { ...kubernetes, roles: { app: login } },
    jwt: { ...jwt, roles: mapped(JWT_ROLES, ([, changes]) => ({ ...jwtRole, ...changes })) },
  }
  options.policies = { 'iam-ra': ['+/sign/+'] }
  const [reference] = Object.values(mount.roles)
  if (reference === undefined) throw new Error('the stage has no PKI role')
  const role: PkiRole = {
    ...reference,
    allowedDomains: [EXAMPLE.commonName],
    allowedDomainsTemplate: false,
    allowedUriSans: [EXAMPLE.uri],
    allowedUriSansTemplate: false,
  }
  options.pki = {
    pki: { ...mount, roles: mapped(PKI_ROLES, ([, changes]) => ({ ...role, ...changes })) },
  }
}

function mapped<T, R>(
  entries: Readonly<Record<string, T>>,
  make: (entry: T) => R,
): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, make(entry)]))
}

/** The emulated cluster's TokenReview: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ */
function tokenReview(cluster: Cluster): Parameters<typeof host>[0] {
  return ({ body }) => {
    const { spec } = JSON.parse(body.toString()) as { spec: { token: string; audiences?: string[] } }
    const review = cluster.review(spec.token, spec.audiences ?? [])
    const status = review.authenticated
      ? {
          authenticated: true,
          user: { username: review.username, uid: review.uid, groups: ['system:serviceaccounts'] },
          audiences: review.audiences,
        }
      : { authenticated: false, error: 'invalid bearer token' }
    return {
      status: 201,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status }),
    }
  }
}

function ask(url: string, request: TwinRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = http.request(
      `${url}/v1/${request.path}`,
      {
        method: request.method,
        agent: false,
        headers: request.token === undefined ? {} : { 'X-Vault-Token': request.token },
      },
      (answer) => {
        let body = ''
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            contentType: answer.headers['content-type'],
            cacheControl: answer.headers['cache-control'],
            body,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(request.body)
  })
}
