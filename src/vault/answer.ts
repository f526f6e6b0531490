/** What an answer of Vault means: its JSON, a refusal to explain, or a failure that says whether to come back. */
import { IamRaError, type Stage } from '../errors.ts'
import { foreignTexts, kindOfBody, looksLikePage } from '../text/redact.ts'
import { parseJsonObject } from '../text/json.ts'
import { serverDateMs, type HttpAnswer } from '../net/http.ts'
import { retryAfterMs } from '../run/retry.ts'

/** An answer below 300: Vault's JSON and when the server made it. */
export interface VaultReply {
  readonly json: Readonly<Record<string, unknown>>
  readonly serverDateMs?: number
}

/** Vault's own id of a request, as its audit log has it; empty where the answer names none. */
export function requestIdOf(json: VaultReply['json']): string {
  const id = json['request_id']
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id) ? id : ''
}

/** What was asked, as far as it stands in errors or must not. */
export interface Asked {
  readonly stage: Stage
  /** As errors say it: `log in`, `sign a certificate`. */
  readonly purpose: string
  /** What was sent and must never be shown, even where the answer echoes it. */
  readonly secrets: readonly string[]
}

/** Vault said no. What it said is kept apart, so that the step that asked can say what it means. */
export class VaultRefusal extends IamRaError {
  readonly errors: readonly string[]
  readonly serverDateMs: number | undefined

  constructor(
    stage: Stage,
    message: string,
    status: number,
    errors: readonly string[],
    serverDateMs?: number,
  ) {
    super('REFUSED', stage, message, { status })
    this.errors = errors
    this.serverDateMs = serverDateMs
  }
}

export const REDIRECTS: readonly number[] = [301, 302, 307, 308]

/**
 * Answered with 500, and another attempt gets no other answer: vault-plugin-auth-kubernetes, path_login.go; and a PKI
 * mount without an issuer that can sign, Vault 1.19, builtin/logical/pki.
 */
const LASTING = [
  /could not load backend configuration|could not parse UID from claims/,
  // To a login without role_id, at an approle mount: Vault 1.19, vault/request_handling.go.
  /failed to determine alias name from login request/,
  /no default issuer currently configured|unable to find PKI issuer for reference/,
  /unable to use this issuer for signing|requested usage issuing-certificates/,
]

/** @throws VaultRefusal for a no of Vault's that lasts, IamRaError for all else above 299 */
export function judgeAnswer(asked: Asked, server: string, answer: HttpAnswer, nowMs: number): VaultReply {
  const { status, body } = answer
  const dateMs = serverDateMs(answer)
  const json = parseJsonObject(body)
  if (status === 204) return withDate({}, dateMs)
  if (status === 200) {
    if (json === undefined) throw notVault(asked, server, answer)
    return withDate(json, dateMs)
  }
  if (REDIRECTS.includes(status)) {
    throw new IamRaError('REDIRECT_REFUSED', asked.stage, `${server} answered with a second redirect`, {
      status,
      hint: 'set VAULT_ADDR to the address of the active node or of the load balancer in front of Vault',
    })
  }
  const errors = vaultErrors(json, asked.secrets)
  const said =
    errors.length > 0 ? `: ${errors.join('; ')}` : looksLikePage(body) ? ' with a page instead of JSON' : ''
  const sentence = `${server} answered ${status} to the request to ${asked.purpose}${said}`
  const wait = retryAfterMs(answer.header('retry-after'), dateMs ?? nowMs)
  const later = { status, retryable: true, retryAfterMs: wait }
  if (status === 503 && errors.some((text) => /sealed/i.test(text))) {
    throw new IamRaError('SEALED', asked.stage, `${server} is sealed`, {
      ...later,
      hint: 'unseal Vault, or look why its auto-unseal does not work',
    })
  }
  if (status === 429) {
    throw new IamRaError('THROTTLED', asked.stage, sentence, {
      ...later,
      hint: 'a rate limit quota of Vault is used up: raise it, or set START_SPREAD for large jobs',
    })
  }
  const lasts = errors.some((text) => LASTING.some((known) => known.test(text)))
  if (status === 408 || status === 412 || (status >= 500 && !lasts)) {
    throw new IamRaError('UNAVAILABLE', asked.stage, sentence, {
      ...later,
      hint: looksLikePage(body)
        ? 'a proxy or gateway answered in the place of Vault: check VAULT_ADDR and whether Vault runs'
        : 'look at the log of the Vault server at this time',
    })
  }
  if (status >= 400 && json !== undefined) {
    throw new VaultRefusal(asked.stage, sentence, status, errors, dateMs)
  }
  throw notVault(asked, server, answer)
}

function withDate(json: Readonly<Record<string, unknown>>, serverDateMs: number | undefined): VaultReply {
  return serverDateMs === undefined ? { json } : { json, serverDateMs }
}

function notVault(asked: Asked, server: string, { status, body }: HttpAnswer): IamRaError {
  // The words of Go's TLS servers, Vault's among them.
  const plainHttp = /^Client sent an HTTP request to an HTTPS server/.test(body)
  return new IamRaError(
    'ANSWER_INVALID',
    asked.stage,
    plainHttp
      ? `${server} speaks https only`
      : `${server} answered ${status} to the request to ${asked.purpose} with ${kindOfBody(body)} that is not the JSON of Vault`,
    {
      status,
      hint: plainHttp
        ? 'use https in VAULT_ADDR'
        : 'look for a proxy or gateway in between, and at VAULT_ADDR',
    },
  )
}

/** Vault's error body is `{"errors": ["…"]}`: https://developer.hashicorp.com/vault/api-docs#error-response */
export function vaultErrors(json: Record<string, unknown> | undefined, secrets: readonly string[]): string[] {
  const errors = json?.['errors']
  if (!Array.isArray(errors)) return []
  // Several errors come as one text: `1 error occurred:\n\t* permission denied\n\n`.
  const texts = errors
    .filter((one) => typeof one === 'string')
    .map((one) => one.replace(/^\d+ errors? occurred:\s*\*\s*/, '').replaceAll(/\n\s*\*\s*/g, '; '))
  // Our sentence goes on after it, or ends without a full stop.
  return foreignTexts(texts, (one) => one.replace(/(?<!\.)\.$/, ''), secrets)
}
