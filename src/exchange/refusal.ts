/** What AWS says when it refuses, and what it usually means. AWS's texts are short and name neither clock nor chain. */
import { IamRaError } from '../errors.ts'
import type { ExchangeSettings } from './create-session.ts'
import type { IssuedCertificate } from '../credentials.ts'

export interface Refusal {
  readonly status: number
  readonly type: string
  readonly text: string
  /** What the server answered, as a sentence. */
  readonly sentence: string
  /** The Date header. */
  readonly serverDate: string | undefined
}

interface Explanation {
  readonly cause: string
  readonly hint: string
}

/** AWS takes a signature for minutes only; a smaller difference is no cause. */
const SKEW_WORTH_NAMING_MS = 60_000

export function explainRefusal(
  refusal: Refusal,
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  nowMs: number,
): IamRaError {
  const { cause, hint } = explain(refusal, settings, certificate, nowMs)
  return new IamRaError('REFUSED', 'exchange', `${refusal.sentence}: ${cause}; ${describe(certificate)}`, {
    hint,
    status: refusal.status,
  })
}

function explain(
  { status, type, text, serverDate }: Refusal,
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  nowMs: number,
): Explanation {
  const skew = clockSkew(serverDate, nowMs)
  // First, since it quotes the role's ARN, in which any word may stand.
  if (/unable to assume role/i.test(text)) {
    return {
      cause:
        "the role's trust policy does not let this certificate in, or attributes of it cannot become session tags",
      hint: `the trust policy must allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to rolesanywhere.amazonaws.com under conditions that fit the anchor, the issuer ${certificate.issuer} and the subject ${certificate.subject}`,
    }
  }
  if (/untrusted signing certificate/i.test(text)) {
    return {
      cause: "no path leads from the certificate to the trust anchor's CA",
      hint: `the anchor ${settings.anchorArn.text} must hold the CA that ends the chain that was sent; with an intermediate missing, put it after the leaf in CERTIFICATE_FILE, or, where Vault signs, import it into the PKI mount so that ca_chain has it`,
    }
  }
  if (/insufficient certificate|untrusted certificate/i.test(text)) {
    return {
      cause: 'usually its keyUsage lacks digitalSignature',
      hint: 'the PKI role must have key_usage=DigitalSignature, a Certificate of cert-manager the usage digital signature, and the CA CA:TRUE and keyCertSign',
    }
  }
  if (/invalid signature/i.test(text) || /signature/i.test(type)) {
    return skew === undefined
      ? {
          cause: 'the clock of this node is off by minutes, or something in between changed the request',
          hint: 'check the clock of the node (NTP), then look for a proxy that rewrites headers',
        }
      : { cause: skew, hint: 'set the clock of the node (NTP)' }
  }
  if (/trust anchor.*(not|n't) found/i.test(text)) {
    return {
      cause: 'the ARN or its region is wrong, or the anchor was deleted',
      hint: `compare ANCHOR_ARN (${settings.anchorArn.text}) with the anchors of region ${settings.region}`,
    }
  }
  if (/trust anchor/i.test(text) && /disabled|enabled/i.test(text)) {
    return { cause: 'the trust anchor is disabled', hint: `enable ${settings.anchorArn.text}` }
  }
  if (/requested role isn't one|role.*listed in the profile/i.test(text)) {
    return {
      cause: `the profile does not name the role ${settings.roleArn.text}`,
      hint: `add the role to the profile ${settings.profileArn.text}`,
    }
  }
  if (/rolesessionname/i.test(text)) {
    return {
      cause: 'the profile does not accept a session name',
      hint: `unset SESSION_NAME, or set acceptRoleSessionName on ${settings.profileArn.text}`,
    }
  }
  if (/durationseconds|duration|maxsessionduration/i.test(text)) {
    return {
      cause: 'the session duration is longer than what the role or the profile allows',
      hint: `lower SESSION_DURATION or the duration of ${settings.profileArn.text}, or raise MaxSessionDuration of ${settings.roleArn.text}`,
    }
  }
  if (/instance ?properties/i.test(text)) {
    return {
      cause: 'the profile demands instance properties, which no pod has',
      hint: `set requireInstanceProperties of ${settings.profileArn.text} to false`,
    }
  }
  if (/profile/i.test(text)) {
    return {
      cause: 'the profile is unknown in this region, disabled, or has no role',
      hint: `check PROFILE_ARN (${settings.profileArn.text}): enabled, in region ${settings.region}, with the role`,
    }
  }
  if (/expired/i.test(text) || /expired/i.test(type)) {
    return {
      cause: skew ?? 'the certificate or the signature has expired',
      hint: 'check the clock of the node (NTP), and CERT_TTL',
    }
  }
  if (/revoked/i.test(text)) {
    return { cause: 'the certificate stands in an imported CRL', hint: "check the anchor's CRLs" }
  }
  if (/validation/i.test(type)) {
    return {
      cause: 'AWS does not accept a value of the request',
      hint: 'check ROLE_ARN, ANCHOR_ARN, PROFILE_ARN, SESSION_DURATION and SESSION_NAME',
    }
  }
  if (/notfound/i.test(type) || status === 404) {
    return {
      cause: 'an ARN or its region is wrong, or this is not the endpoint of Roles Anywhere',
      hint: 'check ANCHOR_ARN, PROFILE_ARN, ROLE_ARN and AWS_ENDPOINT_URL_ROLESANYWHERE',
    }
  }
  return {
    cause: skew ?? 'the trust anchor, the profile or the role does not let this certificate in',
    hint: `look for CreateSession with serial ${certificate.serialHex} in CloudTrail of region ${settings.region}`,
  }
}

function clockSkew(serverDate: string | undefined, nowMs: number): string | undefined {
  const serverMs = Date.parse(serverDate ?? '')
  if (Number.isNaN(serverMs)) return undefined
  const differenceMs = nowMs - serverMs
  if (Math.abs(differenceMs) < SKEW_WORTH_NAMING_MS) return undefined
  const minutes = Math.round(Math.abs(differenceMs) / 60_000)
  return `this node's clock is ${minutes} min ${differenceMs > 0 ? 'ahead of' : 'behind'} that of AWS`
}

/** What was sent, so that it can be compared with the anchor. */
function describe(certificate: IssuedCertificate): string {
  const chain =
    certificate.chainSubjects.length === 0
      ? 'without a chain'
      : `with the chain ${certificate.chainSubjects.map((subject) => `[${subject}]`).join(' → ')}`
  return `sent: subject [${certificate.subject}], serial ${certificate.serialHex}, issuer [${certificate.issuer}], ${chain}`
}
