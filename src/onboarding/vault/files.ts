/** Files that the operator names. */
import { canonicalPem, readCertificatesToTrust } from '../../x509/certificates-to-trust.ts'
import { codeOf } from '../../errors.ts'
import { leafFirst } from './certificates.ts'
import { mistake } from './error.ts'

export interface InputFiles {
  readFile(path: string): Promise<Uint8Array>
}

/** What the system's error codes mean to the person who named the file. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of its path is not a directory',
  EACCES: 'its permissions do not allow it',
  EPERM: 'its permissions do not allow it',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
}

export function reasonOf(error: unknown): string {
  const code = codeOf(error) ?? 'no reason given'
  return REASONS[code] ?? code
}

/** @param what the file in the words of the error */
export async function readText(
  files: InputFiles,
  path: string,
  what: string,
  hint = `check the path and the permissions of ${what}`,
): Promise<string> {
  return Buffer.from(await readBytes(files, path, what, hint)).toString('utf8')
}

async function readBytes(files: InputFiles, path: string, what: string, hint: string): Promise<Uint8Array> {
  try {
    return await files.readFile(path)
  } catch (cause) {
    throw mistake(`${what}, ${path}, cannot be read: ${reasonOf(cause)}`, {
      cause,
      hint,
    })
  }
}

/**
 * The certificates of a file in any form, as PEM that Vault also reads: Vault silently skips a block that is indented or
 * not separated from another.
 */
export async function readPem(files: InputFiles, path: string, what: string, hint: string): Promise<string> {
  const found = readCertificatesToTrust(await readBytes(files, path, what, hint))
  if ('fault' in found) {
    throw mistake(`${what}, ${path}, ${found.fault}`, {
      hint:
        found.isStore === true
          ? 'extract the certificates: openssl pkcs12 -nokeys -in … -out …, or keytool -exportcert -rfc'
          : `${hint}; it may be PEM, DER or PKCS #7`,
    })
  }
  if (found.hasKey) {
    throw mistake(`${what}, ${path}, contains a private key, and none of it was read`, {
      hint: 'remove the key: the file must contain only certificates, and a key must not be in a file that is passed on',
    })
  }
  return canonicalPem(found.isSet ? leafFirst(found.certificates) : found.certificates)
}
