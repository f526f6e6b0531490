/** What Vault's answer means: data, a refusal to explain, or a failure that says whether to retry. */
import { IamRaError, type Stage } from '../errors.ts'
import { foreignTexts, kindOfBody, looksLikePage } from '../text/redact.ts'
import { isRecord, parseJsonObject } from '../text/json.ts'
import { serverDateMs, type HttpAnswer } from '../net/http.ts'
import { comeBack, meaningOf } from '../net/status.ts'

/** Vault's answer to a read or a write. */
export interface VaultAnswer {
  /** Vault's own request id, as in its audit log; empty if the answer has none. */
  readonly requestId: string
  readonly data: Readonly<Record<string, unknown>>
  /** From a login or a token renewal. */
  readonly auth?: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
  /** The server's Date header as epoch milliseconds. */
  readonly serverDateMs?: number
  /** Present if Vault leased what it returned. */
  readonly lease?: { readonly id: string; readonly seconds: number; readonly renewable: boolean }
}

/** The parts of the request that errors show, or must not show. */
export interface Asked {
  readonly stage: Stage
  /** In the words of errors: `log in`, `sign a certificate`. */
  readonly purpose: string
  /** Values that were sent and must never be shown, even if the answer echoes them. */
  readonly secrets: readonly string[]
}

/** A permanent refusal by Vault itself: the step that asked can say what it means. */
export class VaultRefusal extends IamRaError {
  readonly serverDateMs: number | undefined

  constructor(stage: Stage, message: string, status: number, said: readonly string[], serverDateMs?: number) {
    super('REFUSED', stage, message, { status, said })
    this.serverDateMs = serverDateMs
  }
}

/** Those that allow the same request to be sent to another address. */
export const REDIRECTS: readonly number[] = [301, 302, 307, 308]

/**
 * Answered with 500, although another attempt would get the same answer: vault-plugin-auth-kubernetes, path_login.go; and
 * a PKI mount without an issuer that can sign, Vault 1.19, builtin/logical/pki.
 */
const LASTING = [
  /could not load backend configuration|could not parse UID from claims/,
  // For a login without role_id at an approle mount: Vault 1.19, vault/request_handling.go.
  /failed to determine alias name from login request/,
  /no default issuer currently configured|unable to find PKI issuer for reference/,
  /unable to use this issuer for signing|requested usage issuing-certificates/,
]

/** @throws VaultRefusal for a permanent refusal, IamRaError for anything else above 299 */
export function judgeAnswer(asked: Asked, server: string, answer: HttpAnswer, nowMs: number): VaultAnswer {
  const { status, body } = answer
  const { stage, purpose } = asked
  const json = parseJsonObject(body)
  if (status === 204) return answerOf({}, answer)
  if (status === 200 && json !== undefined) return answerOf(json, answer)
  const said = vaultErrors(json, asked.secrets)
  const words =
    said.length > 0 ? `: ${said.join('; ')}` : looksLikePage(body) ? ' with a page instead of JSON' : ''
  const sentence = `${server} answered ${status} to the request to ${purpose}${words}`
  const later = { ...comeBack(answer, nowMs), said }
  if (status === 503 && said.some((text) => /sealed/i.test(text))) {
    throw new IamRaError('SEALED', stage, `${server} is sealed`, {
      ...later,
      hint: 'unseal Vault, or find out why auto-unseal failed',
    })
  }
  const isLasting = said.some((text) => LASTING.some((known) => known.test(text)))
  const meaning = meaningOf(status, { isLasting })
  if (meaning === 'redirect' && REDIRECTS.includes(status)) {
    throw new IamRaError('REDIRECT_REFUSED', stage, `${server} answered with a second redirect`, {
      status,
      hint: 'set VAULT_ADDR to the address of the active node or of the load balancer in front of Vault',
    })
  }
  if (meaning === 'throttled') {
    throw new IamRaError('THROTTLED', stage, sentence, {
      ...later,
      hint: 'a Vault rate limit quota is used up: raise it, or set START_SPREAD for large jobs',
    })
  }
  if (meaning === 'unavailable') {
    throw new IamRaError('UNAVAILABLE', stage, sentence, {
      ...later,
      hint: looksLikePage(body)
        ? 'a proxy or gateway answered instead of Vault: check VAULT_ADDR and whether Vault is running'
        : 'check the Vault server log at this time',
    })
  }
  if (meaning === 'refused' && json !== undefined)
    throw new VaultRefusal(stage, sentence, status, said, serverDateMs(answer))
  throw notVault(asked, server, answer)
}

function answerOf(json: Readonly<Record<string, unknown>>, answer: HttpAnswer): VaultAnswer {
  const { request_id: requestId, auth, data, warnings, lease_id: id, lease_duration: seconds } = json
  const dateMs = serverDateMs(answer)
  const isLeased = typeof id === 'string' && id !== '' && typeof seconds === 'number' && seconds >= 0
  return {
    requestId: typeof requestId === 'string' && /^[\w-]{1,64}$/.test(requestId) ? requestId : '',
    data: isRecord(data) ? data : {},
    ...(isRecord(auth) ? { auth } : {}),
    warnings: Array.isArray(warnings) ? warnings.filter((one) => typeof one === 'string') : [],
    ...(dateMs === undefined ? {} : { serverDateMs: dateMs }),
    ...(isLeased ? { lease: { id, seconds, renewable: json['renewable'] === true } } : {}),
  }
}

function notVault(asked: Asked, server: string, { status, body }: HttpAnswer): IamRaError {
  // The words of Go's TLS servers, including Vault's.
  const plainHttp = /^Client sent an HTTP request to an HTTPS server/.test(body)
  return new IamRaError(
    'ANSWER_INVALID',
    asked.stage,
    plainHttp
      ? `${server} speaks https only`
      : `${server} answered ${status} to the request to ${asked.purpose} with ${kindOfBody(body)} that is not Vault's JSON`,
    {
      status,
      hint: plainHttp
        ? 'use https in VAULT_ADDR'
        : 'check for a proxy or gateway in between, then check VAULT_ADDR',
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
  // Our sentence continues after it, or ends without a full stop.
  return foreignTexts(texts, (one) => one.replace(/(?<!\.)\.$/, ''), secrets)
}
