/** What can be prepared before the login succeeds: a key pair, and the request to certify it. */
import type { CertificateSettings, KeyType } from './settings.ts'
import { createCsr } from './csr.ts'
import { generateKeyPair, type KeyPair } from './key-pair.ts'

export interface SigningRequest {
  readonly keyPair: KeyPair
  /** PEM. */
  readonly csr: string
}

/** @throws IamRaError SETTINGS_INVALID for a name that a request cannot contain */
export async function createSigningRequest(
  settings: CertificateSettings,
  keyType: KeyType = settings.keyType ?? 'ec-p256',
): Promise<SigningRequest> {
  const keyPair = await generateKeyPair(keyType)
  return { keyPair, csr: await createCsr(keyPair, settings) }
}
