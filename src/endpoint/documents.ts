/** The documents that readers get for one set of credentials, built once for all of them. */
import { timestamp } from '../text/time.ts'
import type { SessionCredentials } from '../credentials.ts'
import { jsonAnswer, textAnswer, type Answer } from './answer.ts'
import { omitUndefined } from '../text/omit-undefined.ts'

export interface CredentialsDocuments {
  /** As the container endpoints of ECS and EKS answer. */
  readonly container: Answer
  readonly roleName: string
  /** Twelve digits, if known. */
  readonly account: string | undefined
  /** The instance metadata service's list of roles, which contains one. */
  readonly roles: Answer
  /** As the instance metadata service answers for that role. */
  readonly role: Answer
}

/** Shown if no ARN names the role or user: SDKs ask for a name and then for the document under it. */
const FALLBACK_NAME = 'aws-iam-ra'

/**
 * @param current the unexpired credentials
 * @returns their documents; those of expired credentials are dropped
 */
export function createDocuments(
  current: () => SessionCredentials | undefined,
  now: () => number,
): () => CredentialsDocuments | undefined {
  let made: { readonly credentials: SessionCredentials; readonly documents: CredentialsDocuments } | undefined
  return () => {
    const credentials = current()
    if (credentials === undefined) made = undefined
    else if (made?.credentials !== credentials)
      made = { credentials, documents: documentsOf(credentials, now()) }
    return made?.documents
  }
}

function documentsOf(credentials: SessionCredentials, nowMs: number): CredentialsDocuments {
  const keys = keysOf(credentials, credentials.expiresAtMs)
  const roleName = roleNameOf(credentials)
  return {
    container: containerAnswer(credentials),
    roleName,
    account: accountOf(credentials),
    roles: textAnswer(200, roleName),
    role: jsonAnswer(200, { Code: 'Success', LastUpdated: timestamp(nowMs), Type: 'AWS-HMAC', ...keys }),
  }
}

/**
 * As the container endpoints of ECS and EKS answer.
 * @param expiresAtMs what readers are told, which may be earlier than it is
 */
export function containerAnswer(
  credentials: SessionCredentials,
  expiresAtMs: number = credentials.expiresAtMs,
): Answer {
  const account = accountOf(credentials)
  return jsonAnswer(200, { ...keysOf(credentials, expiresAtMs), ...omitUndefined({ AccountId: account }) })
}

function keysOf(
  { accessKeyId, secretAccessKey, sessionToken }: SessionCredentials,
  expiresAtMs: number,
): Readonly<Record<string, string>> {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    // No value suits every SDK (docs/readers.md). The SDKs for JavaScript, Python and Rust refuse a document without
    // the member; JavaScript's and Rust's also refuse null. Go's, JavaScript's and Python's leave an empty token out of
    // what they sign; Java's and Rust's sign it.
    Token: sessionToken ?? '',
    Expiration: timestamp(expiresAtMs),
  }
}

function accountOf({ arn, roleArn }: SessionCredentials): string | undefined {
  const account = (arn ?? roleArn)?.split(':')[4]
  return account !== undefined && /^\d{12}$/.test(account) ? account : undefined
}

/** `…:role/path/name`, `…:user/path/name`, or `…:assumed-role/name/session`. */
function roleNameOf({ arn, roleArn }: SessionCredentials): string {
  const parts = (roleArn ?? arn ?? '').split(':').slice(5).join(':').split('/')
  const name = parts[0] === 'assumed-role' ? parts[1] : parts.at(-1)
  // The name becomes a path, so it must be one segment: IAM's own alphabet.
  return name !== undefined && /^[\w+=,.@-]{1,64}$/.test(name) ? name : FALLBACK_NAME
}
