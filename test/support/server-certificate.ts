/** Certificates for servers of the tests, with names of the test's choice. */
import { generateKeyPairSync } from 'node:crypto'
import { pemOf, randomSerial, type Authority } from '../rig/emulators/authority.ts'
import { signCertificate, type DistinguishedName } from '../rig/emulators/certificate.ts'
import type { ServerIdentity } from './loopback.ts'

/** @param issuer absent: self-signed */
export function certificateFor(
  issuer: Authority | undefined,
  names: { readonly dns?: readonly string[]; readonly ips?: readonly string[] },
): ServerIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject: DistinguishedName = [['CN', 'a server']]
  const der = signCertificate(
    {
      subject,
      publicKey,
      serial: randomSerial(),
      notBeforeMs: Date.now() - 3600_000,
      notAfterMs: Date.now() + 24 * 3600_000,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['serverAuth'],
      names: { dns: [...(names.dns ?? [])], uris: [], ips: [...(names.ips ?? [])], emails: [] },
    },
    issuer ?? { subject, privateKey, publicKey },
  )
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: pemOf('CERTIFICATE', der),
  }
}
