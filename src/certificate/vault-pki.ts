/** Has Vault sign a request, and checks the answer. */
import { IamRaError } from '../errors.ts'
import { foreignTexts } from '../text/redact.ts'
import type { Logger } from '../run/log.ts'
import { whileHeld, type Held } from '../run/outlived.ts'
import { retry, type RetryContext } from '../run/retry.ts'
import type { CertificateSettings } from './settings.ts'
import type { IssuedCertificate } from '../credentials.ts'
import type { VaultAnswer } from '../vault/answer.ts'
import type { VaultSession } from '../vault/session.ts'
import { encodeVaultPath } from '../vault/path.ts'
import { checkCertificate } from './checks.ts'
import type { KeyPair } from './key-pair.ts'
import { explainSignRefusal, wantsRsa } from './sign-refusal.ts'
import { createSigningRequest, type SigningRequest } from './signing-request.ts'

export interface CertificateContext extends RetryContext {
  readonly logger: Logger
}

export type CertificateSession = Pick<VaultSession, 'hasEnded' | 'policies' | 'write'>

/**
 * https://developer.hashicorp.com/vault/api-docs/secret/pki#sign-certificate
 * @throws IamRaError of stage certificate; OUTLIVED if the token expired before Vault could sign
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
      `the PKI role ${settings.pkiRole} signs RSA keys only, so this run generates one, which is slow: set KEY_TYPE=rsa-2048, or key_type=any in the role`,
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
  const held: Held = {
    stage: 'certificate',
    ended: 'the Vault token expired before Vault could sign',
    hint: "raise the auth role's token_ttl so that the token outlives a Vault outage",
    hasEnded: () => session.hasEnded(),
    isRefused: ({ status }) => status === 403,
  }
  const answer = await retry('sign', 'certificate', context, (timeoutMs) =>
    whileHeld(held, () => sign(csr, settings, session, timeoutMs)),
  )
  // Vault 1.19 sends the same warning twice when it clamps a TTL.
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
      purpose: 'sign a certificate',
      path,
      timeoutMs,
      // The names are only in the CSR: roles take them from there by default, and warn about names in the request.
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
      "Vault's answer to the request to sign has no certificate",
      {
        hint: 'check that VAULT_PKI_MOUNT is a PKI engine',
      },
    )
  }
  // ca_chain may be absent; issuing_ca is always the signer, and is usually in ca_chain too.
  const members: readonly unknown[] = Array.isArray(caChain) ? caChain : []
  const texts = [...members, issuingCa].filter((one) => typeof one === 'string')
  const chainPem = [...new Set(texts.map((text) => text.trim()))]
  if (chainPem.length === 0) {
    throw new IamRaError(
      'ANSWER_INVALID',
      'certificate',
      "Vault's answer to the request to sign does not include the issuer",
      {
        hint: "check for a proxy that changes Vault's answers: issuing_ca is always in them",
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
