/** The authority of AWS's emulated names, kept beside the images that trust it: they are built before the node starts. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority, type Authority } from '../rig/emulators/authority.ts'

const COMMON_NAME = "Authority of AWS's names"

/** @param folder which only this user can read, and which goes with the run */
export function makeAuthority(folder: string): Authority {
  const authority = createAuthority({ commonName: COMMON_NAME, nowMs: Date.now() })
  const key = authority.privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(join(folder, 'authority.key'), key, { mode: 0o600 })
  writeFileSync(join(folder, 'authority.pem'), authority.pem)
  return authority
}

export function readAuthority(folder: string): Authority {
  const privateKey = createPrivateKey(readFileSync(join(folder, 'authority.key')))
  const pem = readFileSync(join(folder, 'authority.pem'), 'utf8')
  const { raw: der, validToDate } = new X509Certificate(pem)
  return {
    ...{ privateKey, publicKey: createPublicKey(privateKey), der, pem, chain: [pem] },
    subject: [
      ['O', 'Example'],
      ['CN', COMMON_NAME],
    ],
    notAfterMs: validToDate.getTime(),
  }
}
