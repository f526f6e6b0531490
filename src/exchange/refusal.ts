/**
 * What AWS says when it refuses, and what it usually means. AWS's texts are short and mention neither clock nor chain;
 * test/exchange/refusals.ts has them all.
 */
import { IamRaError } from '../errors.ts'
import { explain, otherwise, type RefusalFacts, type Rule } from '../net/rules.ts'
import type { ExchangeSettings } from './settings.ts'
import type { IssuedCertificate } from '../credentials.ts'

export interface Refusal {
  readonly status: number
  readonly type: string
  readonly text: string
  /** The server's answer, as a sentence. */
  readonly sentence: string
  /** The Date header. */
  readonly serverDate: string | undefined
}

export interface ExchangeFacts extends RefusalFacts {
  readonly status: number
  readonly type: string
  readonly settings: ExchangeSettings
  readonly certificate: IssuedCertificate
  /** How far this node's clock is off, in words, if that is worth mentioning. */
  readonly skew: string | undefined
}

/** AWS accepts a signature for minutes only; a smaller difference is not a cause. */
const SKEW_WORTH_NAMING_MS = 60_000

export const EXCHANGE_RULES: readonly Rule<ExchangeFacts>[] = [
  {
    // First, because it quotes the role's ARN, which may contain any word.
    name: 'trust-policy',
    when: /unable to assume role/i,
    cause:
      "the role's trust policy does not allow this certificate, or some of its attributes cannot become session tags",
    hint: ({ certificate }) =>
      `allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to rolesanywhere.amazonaws.com in the trust policy, under conditions that match the anchor, the issuer ${certificate.issuer} and the subject ${certificate.subject}`,
  },
  {
    name: 'no-path',
    when: /untrusted signing certificate/i,
    cause: "the certificate does not chain up to the trust anchor's CA",
    hint: ({ settings }) =>
      `check that the anchor ${settings.anchorArn.text} contains the CA at the end of the chain that was sent; if an intermediate is missing, put it after the leaf in CERTIFICATE_FILE or, if Vault signs, import it into the PKI mount so that ca_chain includes it`,
  },
  {
    name: 'key-usage',
    when: /insufficient certificate|untrusted certificate/i,
    cause: 'usually its keyUsage lacks digitalSignature',
    hint: 'set key_usage=DigitalSignature in the PKI role, or the usage "digital signature" in the cert-manager Certificate; the CA must have CA:TRUE and keyCertSign',
  },
  {
    name: 'signature',
    when: ({ text, type }) => /invalid signature/i.test(text) || /signature/i.test(type),
    cause: ({ skew }) =>
      skew ?? "this node's clock is off by minutes, or something in between changed the request",
    hint: ({ skew }) =>
      skew === undefined
        ? "check the node's clock (NTP), then check for a proxy that rewrites headers"
        : "set the node's clock (NTP)",
  },
  {
    name: 'no-anchor',
    when: /trust anchor.*(not|n't) found/i,
    cause: 'the ARN or its region is wrong, or the anchor was deleted',
    hint: ({ settings }) =>
      `compare ANCHOR_ARN (${settings.anchorArn.text}) with the anchors of region ${settings.region}`,
  },
  {
    name: 'anchor-disabled',
    when: ({ text }) => /trust anchor/i.test(text) && /disabled|enabled/i.test(text),
    cause: 'the trust anchor is disabled',
    hint: ({ settings }) => `enable ${settings.anchorArn.text}`,
  },
  {
    name: 'role-of-profile',
    when: /requested role isn't one|role.*listed in the profile/i,
    cause: ({ settings }) => `the profile does not list the role ${settings.roleArn.text}`,
    hint: ({ settings }) => `add the role to the profile ${settings.profileArn.text}`,
  },
  {
    name: 'session-name',
    when: /rolesessionname/i,
    cause: 'the profile does not accept a session name',
    hint: ({ settings }) => `unset SESSION_NAME, or set acceptRoleSessionName on ${settings.profileArn.text}`,
  },
  {
    name: 'duration',
    when: /durationseconds|duration|maxsessionduration/i,
    cause: 'the session duration is longer than the role or the profile allows',
    hint: ({ settings }) =>
      `lower SESSION_DURATION or the duration of ${settings.profileArn.text}, or raise MaxSessionDuration of ${settings.roleArn.text}`,
  },
  {
    name: 'instance-properties',
    when: /instance ?properties/i,
    cause: 'the profile requires instance properties, which no pod has',
    hint: ({ settings }) => `set requireInstanceProperties of ${settings.profileArn.text} to false`,
  },
  {
    name: 'profile',
    when: /profile/i,
    cause: 'the profile is unknown in this region, disabled, or has no role',
    hint: ({ settings }) =>
      `check PROFILE_ARN (${settings.profileArn.text}): enabled, in region ${settings.region}, with the role`,
  },
  {
    name: 'expired',
    when: ({ text, type }) => /expired/i.test(text) || /expired/i.test(type),
    cause: ({ skew }) => skew ?? 'the certificate or the signature has expired',
    hint: "check the node's clock (NTP) and CERT_TTL",
  },
  {
    name: 'revoked',
    when: /revoked/i,
    cause: 'the certificate is in an imported CRL',
    hint: "check the anchor's CRLs",
  },
  {
    name: 'validation',
    when: ({ type }) => /validation/i.test(type),
    cause: 'AWS does not accept a value of the request',
    hint: 'check ROLE_ARN, ANCHOR_ARN, PROFILE_ARN, SESSION_DURATION and SESSION_NAME',
  },
  {
    name: 'not-found',
    when: ({ type, status }) => /notfound/i.test(type) || status === 404,
    cause: 'an ARN or its region is wrong, or this is not the Roles Anywhere endpoint',
    hint: 'check ANCHOR_ARN, PROFILE_ARN, ROLE_ARN and AWS_ENDPOINT_URL_ROLESANYWHERE',
  },
  {
    name: 'unknown',
    when: otherwise,
    cause: ({ skew }) => skew ?? 'the trust anchor, the profile or the role does not accept this certificate',
    hint: ({ certificate, settings }) =>
      `look up CreateSession with serial ${certificate.serialHex} in CloudTrail in region ${settings.region}`,
  },
]

export function explainRefusal(
  refusal: Refusal,
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  nowMs: number,
): IamRaError {
  const { cause, hint } = explain(EXCHANGE_RULES, exchangeFacts(refusal, settings, certificate, nowMs))
  return new IamRaError('REFUSED', 'exchange', `${refusal.sentence}: ${cause}; ${describe(certificate)}`, {
    hint,
    status: refusal.status,
    said: refusal.text === '' ? [] : [refusal.text],
  })
}

export function exchangeFacts(
  { status, type, text, serverDate }: Omit<Refusal, 'sentence'>,
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  nowMs: number,
): ExchangeFacts {
  return { status, type, text, settings, certificate, skew: clockSkew(serverDate, nowMs) }
}

function clockSkew(serverDate: string | undefined, nowMs: number): string | undefined {
  const serverMs = Date.parse(serverDate ?? '')
  if (Number.isNaN(serverMs)) return undefined
  const differenceMs = nowMs - serverMs
  if (Math.abs(differenceMs) < SKEW_WORTH_NAMING_MS) return undefined
  const minutes = Math.round(Math.abs(differenceMs) / 60_000)
  return `this node's clock is ${minutes} min ${differenceMs > 0 ? 'ahead of' : 'behind'} AWS`
}

/** Describes what was sent, so that it can be compared with the anchor. */
function describe(certificate: IssuedCertificate): string {
  const chain =
    certificate.chainSubjects.length === 0
      ? 'without a chain'
      : `with the chain ${certificate.chainSubjects.map((subject) => `[${subject}]`).join(' → ')}`
  return `sent: subject [${certificate.subject}], serial ${certificate.serialHex}, issuer [${certificate.issuer}], ${chain}`
}
