/**
 * An AWS account for the operator's program: moto's IAM and STS behind the gate, the emulated Roles Anywhere beside them, one
 * set of permissions over both, and roles that trust whom moto's IAM says at the time.
 */
import { createPermissions, type Permissions } from '../emulators/permissions.ts'
import { host } from '../emulators/http.ts'
import { createRolesAnywhereAccount, type RolesAnywhereAccount } from '../emulators/roles-anywhere-account.ts'
import { createRolesAnywhereService, type RolesAnywhereService } from '../emulators/roles-anywhere-service.ts'
import { createSessionStore, type SessionStore } from '../emulators/sessions.ts'
import { EXAMPLE } from '../emulators/stage.ts'
import { startMotoGate, type MotoGate } from './moto-gate.ts'
import { askIam, serveMoto } from './moto.ts'

export interface OperatorAccount {
  readonly permissions: Permissions
  /** IAM and STS. */
  readonly gate: MotoGate
  /** CreateSession and the control plane. */
  readonly rolesAnywhere: RolesAnywhereService & { readonly url: string }
  readonly account: RolesAnywhereAccount
  /** Past the gate. */
  readonly motoUrl: string
  /** What CreateSession has issued. */
  readonly sessions: SessionStore
  /** The user that the keys of `env` belong to, as STS says it. */
  readonly callerArn: string
  /** Keys, region and endpoints of the operator. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** @param settings further ones of moto, such as MOTO_IAM_LOAD_MANAGED_POLICIES */
export async function startOperatorAccount(
  python: string,
  home: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<OperatorAccount> {
  const moto = await serveMoto(python, home, settings)
  const permissions = createPermissions()
  const callerArn = `arn:aws:iam::${EXAMPLE.account}:user/operator`
  const keys = await makeUser(moto.url)
  const gate = await startMotoGate(moto.url, { permissions, callerArn })
  const account = createRolesAnywhereAccount({ account: EXAMPLE.account, region: EXAMPLE.region })
  const sessions = createSessionStore()
  const service = createRolesAnywhereService({
    ...{ now: Date.now, account, permissions, sessions },
    keys: { find: (id) => (id === keys.id ? { secretAccessKey: keys.secret, arn: callerArn } : undefined) },
    policyOf: (roleArn) => gate.policyOf(roleArn),
  })
  const hosted = await host((request) => service.handle(request))
  return {
    ...{ permissions, gate, account, sessions, callerArn, motoUrl: moto.url },
    rolesAnywhere: Object.assign(service, { url: hosted.url }),
    env: {
      AWS_ACCESS_KEY_ID: keys.id,
      AWS_SECRET_ACCESS_KEY: keys.secret,
      AWS_REGION: EXAMPLE.region,
      AWS_DEFAULT_REGION: EXAMPLE.region,
      AWS_ENDPOINT_URL_IAM: gate.url,
      AWS_ENDPOINT_URL_STS: gate.url,
      AWS_ENDPOINT_URL_ROLESANYWHERE: hosted.url,
    },
    close: async () => {
      await Promise.all([hosted.close(), gate.close(), moto.close()])
    },
  }
}

async function makeUser(moto: string): Promise<{ readonly id: string; readonly secret: string }> {
  await askIam(moto, { Action: 'CreateUser', UserName: 'operator' })
  const { body } = await askIam(moto, { Action: 'CreateAccessKey', UserName: 'operator' })
  const [, id] = /<AccessKeyId>(.*?)</.exec(body) ?? []
  const [, secret] = /<SecretAccessKey>(.*?)</.exec(body) ?? []
  if (id === undefined || secret === undefined) throw new Error('moto made no access key')
  return { id, secret }
}
