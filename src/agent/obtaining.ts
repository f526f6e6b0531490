/** How a session is obtained with a caller's own token: to Vault and AWS the agent is that pod. */
import { parseArn, type Arn } from '../aws/arn.ts'
import { IamRaError } from '../errors.ts'
import { loginWith, type LoginContext } from '../identity/login.ts'
import type { VaultLogin } from '../identity/settings.ts'
import type { AgentSettings } from '../settings/settings.ts'
import type { Source } from '../sources/source.ts'
import { VAULT_PKI_PARTS, vaultPki } from '../sources/vault-pki.ts'
import { isRecord, parseJsonObject } from '../text/json.ts'
import type { VaultSession } from '../vault/session.ts'
import type { Account } from './caller.ts'
import { identityOf, type Identity } from './identity.ts'
import type { Question } from './question.ts'

/**
 * Between attempts of an exchange: those who ask AWS are as many as nodes and not as pods, and many pods wait for each.
 * docs/large-jobs.md has what it costs.
 */
export const MOST_PAUSE_MS = 2000

/** What the process of an exchange is told, over a pipe. */
export interface ExchangeRequest {
  readonly token: string
  readonly identity: Identity
  readonly question: Question
}

/**
 * Verifies a token by a login, whose own token is of no further use.
 * @param onEnding called with the end of that token: the caller does not wait for it
 * @throws IamRaError
 */
export async function verify(
  token: string,
  claimed: Account,
  settings: Pick<AgentSettings, 'vault' | 'cluster'>,
  context: LoginContext,
  onEnding: (ended: Promise<void>) => void,
): Promise<Identity> {
  const session = await logInAs(token, claimed, loginFor(settings.vault, claimed), settings.cluster, context)
  onEnding(session.end())
  return identityOf(session.metadata, claimed, settings.cluster)
}

/** Logs in once more, and goes on only if Vault still names the same account. */
export function sourceFor(
  { vault, signing, connections, cluster }: AgentSettings,
  { token, identity, question }: ExchangeRequest,
): Source {
  const connection = connections[question.anchorArn.text]
  if (connection === undefined) throw new Error('the trust anchor is not one of the settings')
  const { namespace, account } = identity
  return vaultPki(
    {
      // No file has the token.
      vault: { ...loginFor(vault, identity), tokenFile: '' },
      certificate: {
        ...signing,
        commonName: commonNameOf(identity),
        dnsSans: [],
        uriSans: [`spiffe://${cluster}/ns/${namespace}/sa/${account}`],
      },
      exchange: { ...connection, ...question },
    },
    {
      ...VAULT_PKI_PARTS,
      login: (login, context) => logInAs(token, identity, login, cluster, context),
    },
  )
}

/** RFC 5280, appendix A: ub-common-name. */
const MOST_COMMON_NAME = 64

/** @throws IamRaError SETTINGS_INVALID if the account's names are too long for a certificate */
export function commonNameOf({ account, namespace, cluster }: Identity): string {
  const name = `${account}.${namespace}.${cluster}`
  if (name.length <= MOST_COMMON_NAME) return name
  throw new IamRaError(
    'SETTINGS_INVALID',
    'certificate',
    `the certificate's name would have ${name.length} characters (${name}), and ${MOST_COMMON_NAME} are allowed`,
    { hint: 'use a service account or a namespace with a shorter name' },
  )
}

export function requestText(request: ExchangeRequest): string {
  const { roleArn, profileArn, anchorArn, ...others } = request.question
  const question = {
    ...others,
    roleArn: roleArn.text,
    profileArn: profileArn.text,
    anchorArn: anchorArn.text,
  }
  return JSON.stringify({ ...request, question })
}

/** Our own program wrote it, so its shape is known. @throws Error if it was cut off */
export function parseRequest(text: string): ExchangeRequest {
  const request = parseJsonObject(text)
  if (request === undefined || !isRecord(request['question'])) throw new Error('no request came over stdin')
  const { roleArn, profileArn, anchorArn, ...others } = request['question'] as Record<string, string>
  const question = {
    ...others,
    roleArn: arn(roleArn),
    profileArn: arn(profileArn),
    anchorArn: arn(anchorArn),
  } as unknown as Question
  return { ...(request as unknown as ExchangeRequest), question }
}

function arn(text = ''): Arn {
  const parsed = parseArn(text)
  if (parsed === undefined) throw new Error('a request without an ARN came over stdin')
  return parsed
}

/** The claim only chooses a role to try: Vault refuses a token that the role is not for. */
function loginFor(vault: VaultLogin, { namespace }: Account): VaultLogin {
  return { ...vault, role: vault.role.replaceAll('{namespace}', namespace) }
}

async function logInAs(
  token: string,
  expected: Account,
  login: VaultLogin,
  cluster: string,
  context: LoginContext,
): Promise<VaultSession> {
  const session = await loginWith(() => Promise.resolve(token), login, context)
  try {
    identityOf(session.metadata, expected, cluster)
    return session
  } catch (error) {
    await session.end()
    throw error
  }
}
