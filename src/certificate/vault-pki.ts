/** Vault's signature on a request, and the checks that the answer must pass. */
import { IamRaError } from '../errors.ts'
import { foreignTexts } from '../text/redact.ts'
import type { Logger } from '../run/log.ts'
import { retry } from '../run/retry.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Runtime } from '../run/runtime.ts'
import { KEY_TYPES, type CertificateSettings } from './settings.ts'
import type { IssuedCertificate } from '../credentials.ts'
import type { VaultAnswer, VaultSession } from '../vault/session.ts'
import { encodeVaultPath } from '../vault/path.ts'
import { checkCertificate } from './checks.ts'
import type { KeyPair } from './key-pair.ts'
import { createSigningRequest, type SigningRequest } from './signing-request.ts'

export interface CertificateContext {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly bounds: Bounds
  readonly logger: Logger
}

export type CertificateSession = Pick<VaultSession, 'hasEnded' | 'policies' | 'write'>

/**
 * https://developer.hashicorp.com/vault/api-docs/secret/pki#sign-certificate
 * @throws IamRaError of stage certificate; OUTLIVED where the token ended before Vault could sign
 */
export async function issueCertificate(
  request: SigningRequest,
  settings: CertificateSettings,
  session: CertificateSession,
  context: CertificateContext,
): Promise<IssuedCertificate> {
  try {
    return await issueFor(request, settings, session, context)
  } catch (error) {
    if (settings.keyType !== undefined || !wantsRsa(error)) throw error
    context.logger.warn(
      `the PKI role ${settings.pkiRole} signs RSA keys only, so this run makes one, which is slow: set KEY_TYPE=rsa-2048, or key_type=any in the role`,
      { stage: 'certificate' },
    )
    context.bounds.signal.throwIfAborted()
    return await issueFor(await createSigningRequest(settings, 'rsa-2048'), settings, session, context)
  }
}

async function issueFor(
  { keyPair, csr }: SigningRequest,
  settings: CertificateSettings,
  session: CertificateSession,
  context: CertificateContext,
): Promise<IssuedCertificate> {
  const { bounds, logger } = context
  bounds.signal.throwIfAborted()
  const answer = await retry('sign', 'certificate', context, async (timeoutMs) => {
    if (session.hasEnded()) throw outlived()
    try {
      return await sign(csr, settings, session, timeoutMs)
    } catch (error) {
      // It ended on the way: Vault cannot tell that from a token that it never gave.
      if (error instanceof IamRaError && error.status === 403 && session.hasEnded()) throw outlived()
      throw error
    }
  })
  // Vault 1.19 says the same twice when it clamps a TTL.
  for (const warning of foreignTexts(answer.warnings)) {
    logger.warn(`Vault on the certificate: ${warning}`, { stage: 'certificate' })
  }
  const issued = await check(answer, keyPair, settings, context)
  logger.step('certificate signed and checked', {
    stage: 'certificate',
    subject: issued.subject,
    issuer: issued.issuer,
    serial: issued.serialHex,
    chain: issued.chainSubjects,
    not_after: new Date(issued.notAfterMs).toISOString(),
    request_id: issued.requestId,
  })
  return issued
}

function outlived(): IamRaError {
  return new IamRaError('OUTLIVED', 'certificate', 'the Vault token ended before Vault could sign', {
    hint: "raise token_ttl of the auth role above the time that Vault's troubles last",
  })
}

const PURPOSE = 'sign a certificate'

async function sign(
  csr: string,
  settings: CertificateSettings,
  session: CertificateSession,
  timeoutMs: number,
): Promise<VaultAnswer> {
  const path = signPath(settings)
  try {
    return await session.write({
      stage: 'certificate',
      purpose: PURPOSE,
      path,
      timeoutMs,
      // The names stand in the CSR alone: roles take them from there by default, and warn of those in the request.
      data: { csr, ...(settings.ttl === undefined ? {} : { ttl: settings.ttl }) },
    })
  } catch (error) {
    if (error instanceof IamRaError && error.code === 'REFUSED')
      throw explainSignRefusal(error, path, settings, session)
    throw error
  }
}

function signPath(settings: CertificateSettings): string {
  return `${encodeVaultPath(settings.pkiMount)}/sign/${encodeURIComponent(settings.pkiRole)}`
}

/** Vault 1.19, builtin/logical/pki/issuing/sign_cert.go: the one answer that an RSA key would change. */
function wantsRsa(error: unknown): boolean {
  return (
    error instanceof IamRaError &&
    error.code === 'KEY_TYPE' &&
    /: role requires keys of type rsa$/.test(error.message)
  )
}

function explainSignRefusal(
  error: IamRaError,
  path: string,
  settings: CertificateSettings,
  session: CertificateSession,
): IamRaError {
  // Vault says which common name or DNS name it refuses, but not which URI.
  const which = /URI Subject Alternative Names/.test(error.message) ? `: ${settings.uriSans.join(', ')}` : ''
  const refused = (hint: string, code: 'REFUSED' | 'KEY_TYPE' = 'REFUSED'): IamRaError =>
    new IamRaError(code, 'certificate', `${error.message}${which}`, {
      hint,
      cause: error,
      status: error.status,
    })
  const role = `${settings.pkiMount}/roles/${settings.pkiRole}`
  // Without the address before it, in which any word may stand.
  const text = error.message.slice(error.message.indexOf(PURPOSE))
  if (/role requires keys of type|requires .* key|key bits|bit length/i.test(text)) {
    return refused(
      `set KEY_TYPE to what the role wants (${KEY_TYPES.join(', ')}), or key_type=any in ${role}`,
      'KEY_TYPE',
    )
  }
  if (error.status === 403) {
    const policies = session.policies.join(', ') || 'none'
    return refused(
      `a policy of the token (it has: ${policies}) must allow update on ${path}; one for ${settings.pkiMount}/issue/… is not enough, and a token that was revoked meanwhile gets the same answer`,
    )
  }
  if (/default issuer|find PKI issuer|issuer for signing|requested usage/i.test(text)) {
    return refused(
      `the mount ${settings.pkiMount} has no issuer that may sign for ${role}, or not its key: check issuer_ref of the role, then vault read ${settings.pkiMount}/config/issuers and the usage of that issuer`,
    )
  }
  if (/unknown role/i.test(text)) {
    return refused(
      `VAULT_CERT_NAME must name a role of the mount ${settings.pkiMount} (VAULT_PKI_MOUNT): vault list ${settings.pkiMount}/roles`,
    )
  }
  if (error.status === 404 || /no handler for route|unsupported path/i.test(text)) {
    return refused(
      `no PKI engine is mounted at ${settings.pkiMount}: check VAULT_PKI_MOUNT and VAULT_NAMESPACE`,
    )
  }
  if (/use_csr_common_name/i.test(text)) {
    return refused(
      `set use_csr_common_name=true in ${role}, which is the default: the names stand in the CSR`,
    )
  }
  if (/not allowed|not valid for this role/i.test(text)) {
    return refused(
      `the names must be those that ${role} allows for this token (allowed_domains, allow_bare_domains, allowed_uri_sans): check VAULT_CERT_CN, CERT_DNS_SANS and CERT_URI_SANS`,
    )
  }
  if (/ttl|duration|expiration|notAfter|beyond the expiration/i.test(text)) {
    return refused(`check CERT_TTL against max_ttl of ${role} and the life of the CA's own certificate`)
  }
  return refused(`compare the request with the role: vault read ${role}`)
}

async function check(
  answer: VaultAnswer,
  keyPair: KeyPair,
  settings: CertificateSettings,
  { runtime, bounds, logger }: CertificateContext,
): Promise<IssuedCertificate> {
  const { certificate, ca_chain: caChain, issuing_ca: issuingCa } = answer.data
  if (typeof certificate !== 'string') {
    throw new IamRaError(
      'ANSWER_INVALID',
      'certificate',
      'Vault answered the request to sign without a certificate',
      {
        hint: 'check that VAULT_PKI_MOUNT is a PKI engine',
      },
    )
  }
  // ca_chain may be absent; issuing_ca always names the signer, and mostly stands in ca_chain too.
  const members: readonly unknown[] = Array.isArray(caChain) ? caChain : []
  const texts = [...members, issuingCa].filter((one) => typeof one === 'string')
  const chainPem = [...new Set(texts.map((text) => text.trim()))]
  if (chainPem.length === 0) {
    throw new IamRaError(
      'ANSWER_INVALID',
      'certificate',
      'Vault answered the request to sign without its issuer',
      {
        hint: 'look for a proxy that changes the answers of Vault: issuing_ca is always in them',
      },
    )
  }
  const { warnings, ...checked } = await checkCertificate({
    certificatePem: certificate,
    chainPem,
    publicKeyInfo: keyPair.publicKeyInfo,
    commonName: settings.commonName,
    dnsSans: settings.dnsSans,
    uriSans: settings.uriSans,
    nowMs: runtime.clock.now(),
    signal: bounds.signal,
    ...(answer.serverDateMs === undefined ? {} : { serverDateMs: answer.serverDateMs }),
  })
  for (const warning of warnings) logger.warn(warning, { stage: 'certificate' })
  return { ...checked, requestId: answer.requestId, sign: (data) => keyPair.sign(data) }
}
