/** The pod's service-account token, read for each login because the kubelet replaces it while we run. */
import { codeOf, IamRaError } from '../errors.ts'
import { foreignText, foreignTexts } from '../text/redact.ts'
import { isRecord, parseJsonObject } from '../text/json.ts'
import { readInputFile, type InputFiles } from '../run/input-file.ts'

/** A projected token is about 1 KiB. */
const MAX_TOKEN_BYTES = 64 * 1024

/** @throws IamRaError INPUT_FILE if the file is missing, unreadable or contains no JSON Web Token */
export async function readServiceAccountToken(files: InputFiles, path: string): Promise<string> {
  let text: string
  try {
    text = (await readInputFile(files, path)).trim()
  } catch (error) {
    throw unreadable(path, error)
  }
  if (text === '') {
    throw new IamRaError('INPUT_FILE', 'identity', `the service-account token file ${path} is empty`, {
      hint: 'mount a projected serviceAccountToken volume and set SERVICE_ACCOUNT_TOKEN_FILE to its file',
    })
  }
  // RFC 7515, section 7.1: three base64url parts.
  if (text.length > MAX_TOKEN_BYTES || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) {
    throw new IamRaError(
      'INPUT_FILE',
      'identity',
      `the file ${path} does not contain a service-account token (a JSON Web Token)`,
      {
        hint: 'set SERVICE_ACCOUNT_TOKEN_FILE to the file of a projected serviceAccountToken volume',
      },
    )
  }
  return text
}

function unreadable(path: string, error: unknown): IamRaError {
  const code = codeOf(error) ?? 'unreadable'
  const missing = code === 'ENOENT'
  const denied = code === 'EACCES' || code === 'EPERM'
  return new IamRaError(
    'INPUT_FILE',
    'identity',
    `the service-account token file ${path} cannot be read (${code})`,
    {
      cause: error,
      hint: missing
        ? 'with automountServiceAccountToken off, mount a projected serviceAccountToken volume and set SERVICE_ACCOUNT_TOKEN_FILE to its file'
        : denied
          ? "the container's uid is not allowed to read it: set the pod's fsGroup, or runAsUser for the whole pod"
          : 'set SERVICE_ACCOUNT_TOKEN_FILE to the file of a projected serviceAccountToken volume',
    },
  )
}

/** The token's claims. They are not verified here but in Vault, and are only read to explain a refusal. */
export interface TokenClaims {
  readonly namespace?: string
  readonly account?: string
  readonly subject?: string
  readonly issuer?: string
  readonly audiences: readonly string[]
  readonly expiresAtMs?: number
}

export function decodeClaims(token: string): TokenClaims {
  const payload = token.split('.')[1] ?? ''
  const claims = parseJsonObject(Buffer.from(payload, 'base64url').toString('utf8'))
  if (claims === undefined) return { audiences: [] }
  const kubernetes = isRecord(claims['kubernetes.io']) ? claims['kubernetes.io'] : {}
  const serviceAccount = isRecord(kubernetes['serviceaccount']) ? kubernetes['serviceaccount'] : {}
  const subject = text(claims['sub'])
  // `system:serviceaccount:<namespace>:<name>`, kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin
  const parts = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject ?? '')
  // Secret-based tokens, which clusters before 1.24 created, have flat names for the same claims.
  const namespace =
    text(kubernetes['namespace']) ?? text(claims['kubernetes.io/serviceaccount/namespace']) ?? parts?.[1]
  const account =
    text(serviceAccount['name']) ??
    text(claims['kubernetes.io/serviceaccount/service-account.name']) ??
    parts?.[2]
  const issuer = text(claims['iss'])
  const expiry = instant(claims['exp'])
  const audience = claims['aud']
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(account === undefined ? {} : { account }),
    ...(subject === undefined ? {} : { subject }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(expiry === undefined ? {} : { expiresAtMs: expiry }),
    audiences: foreignTexts(
      (Array.isArray(audience) ? audience : [audience]).filter((one) => typeof one === 'string'),
    ),
  }
}

/** Fit to show: the token's claims have not been verified. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? foreignText(value) : undefined
}

/** RFC 7519, section 2: seconds, with or without a fraction; undefined if out of a Date's range. */
function instant(seconds: unknown): number | undefined {
  if (typeof seconds !== 'number') return undefined
  const ms = seconds * 1000
  return Number.isNaN(new Date(ms).getTime()) ? undefined : ms
}
