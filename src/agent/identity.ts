/** Who a caller is: what Vault's login says, and never what a token alone claims. */
import { IamRaError } from '../errors.ts'
import type { Account } from './caller.ts'
import type { Question } from './question.ts'

/** A service account that Vault has verified. */
export interface Identity extends Account {
  readonly cluster: string
}

/**
 * A kubernetes mount names the service account by itself, a jwt mount by claim_mappings. A jwt mount maps no uid unless
 * told to: the token's own then counts, whose signature Vault has checked.
 * @throws IamRaError ANSWER_INVALID without names, REFUSED with other names than the token's
 */
export function identityOf(
  metadata: Readonly<Record<string, string>>,
  claimed: Account,
  cluster: string,
): Identity {
  const {
    service_account_namespace: namespace,
    service_account_name: account,
    service_account_uid: uid = claimed.uid,
  } = metadata
  if (namespace === undefined || account === undefined) {
    throw new IamRaError('ANSWER_INVALID', 'identity', "Vault's login does not name the service account", {
      hint: 'with jwt auth, set claim_mappings of the auth role: /kubernetes.io/namespace to service_account_namespace and /kubernetes.io/serviceaccount/name to service_account_name',
    })
  }
  if (namespace !== claimed.namespace || account !== claimed.account || uid !== claimed.uid) {
    throw new IamRaError(
      'REFUSED',
      'identity',
      `Vault's login names another service account (${namespace}/${account}) than the token (${claimed.namespace}/${claimed.account})`,
      { hint: 'check claim_mappings of the auth role' },
    )
  }
  return { cluster, namespace, account, uid }
}

/** One for each service account; a recreated account is another one. As JSON, so that no name can pass for two. */
export function accountKey({ cluster, namespace, account, uid }: Identity): string {
  return JSON.stringify([cluster, namespace, account, uid])
}

/** One for each session: callers with the same key get the same credentials. */
export function sessionKey({ cluster, namespace, account, uid }: Identity, question: Question): string {
  const { roleArn, profileArn, anchorArn, durationSeconds, sessionName = null } = question
  const asked = [roleArn.text, profileArn.text, anchorArn.text, durationSeconds, sessionName]
  return JSON.stringify([cluster, namespace, account, uid, ...asked])
}
