/** Waits until a certificate is valid. */
import { untilValid } from '../certificate/until-valid.ts'
import type { IssuedCertificate } from '../credentials.ts'
import type { StepContext } from '../run/watch.ts'
import { moment } from './facts.ts'

/** @throws IamRaError CERTIFICATE_UNFIT if it becomes valid too late; the signal's reason */
export async function usable(
  certificate: IssuedCertificate,
  { runtime, bounds, logger, runMs, found }: StepContext,
): Promise<IssuedCertificate> {
  const { subject, issuer, chainSubjects, serialHex, keyAlgorithm, notAfterMs, requestId } = certificate
  found({
    subject,
    issuer,
    chain: chainSubjects,
    serial: serialHex,
    key: keyAlgorithm,
    ends: moment(notAfterMs),
    vault_request_id: requestId === '' ? undefined : requestId,
  })
  await untilValid(certificate, { runtime, logger, signal: bounds.signal, remainingMs: runMs() })
  return certificate
}
