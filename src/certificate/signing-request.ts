/** What can be made before Vault has let us in: a key pair, and the request that asks to certify it. */
import { DEFAULT_KEY_TYPE, type CertificateSettings, type KeyType } from './settings.ts'
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
  keyType: KeyType = settings.keyType ?? DEFAULT_KEY_TYPE,
): Promise<SigningRequest> {
  const keyPair = await generateKeyPair(keyType)
  return { keyPair, csr: await createCsr(keyPair, settings) }
}
