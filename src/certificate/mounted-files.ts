/** The texts of the files with a certificate and its key, and the faults of a file before its content is parsed. */
import { codeOf, IamRaError } from '../errors.ts'
import { readInputFile } from '../run/input-file.ts'
import { holdsCertificate } from '../x509/pem.ts'
import type { Runtime } from '../run/runtime.ts'
import type { MountedCertificateSettings } from './settings.ts'
import { holdsPrivateKey } from './private-key.ts'

export interface MountedFile {
  /** The setting and its path, which is how errors name the file. */
  readonly name: string
  /** The text, or why there is none. */
  readonly content: string | IamRaError
}

export interface MountedFiles {
  readonly certificate: MountedFile
  readonly privateKey: MountedFile
  readonly chain?: MountedFile
}

export async function readMountedFiles(
  settings: MountedCertificateSettings,
  fs: Runtime['fs'],
): Promise<MountedFiles> {
  const { certificateFile, privateKeyFile, chainFile } = settings
  const certificate = await readFile(fs, `CERTIFICATE_FILE ${certificateFile}`, certificateFile)
  const privateKey = await readFile(fs, `PRIVATE_KEY_FILE ${privateKeyFile}`, privateKeyFile)
  if (chainFile === undefined) return { certificate, privateKey }
  const chain = await readFile(fs, `CERTIFICATE_CHAIN_FILE ${chainFile}`, chainFile)
  return { certificate, privateKey, chain }
}

export function isSameRead(some: MountedFiles, others: MountedFiles): boolean {
  return (['certificate', 'privateKey', 'chain'] as const).every(
    (file) => text(some[file]) === text(others[file]),
  )
}

function text(file: MountedFile | undefined): string | undefined {
  return file?.content instanceof IamRaError ? file.content.message : file?.content
}

/**
 * Checks that each file contains what its setting says.
 *
 * @returns the texts
 * @throws IamRaError INPUT_FILE
 */
export function readTexts({ certificate, privateKey, chain }: MountedFiles): {
  readonly certificate: string
  readonly privateKey: string
  readonly chain: string
} {
  const [certificateText, keyText] = [content(certificate), content(privateKey)]
  const [hasCertificate, hasKey] = [holdsCertificate(certificateText), holdsPrivateKey(keyText)]
  if (!hasCertificate && !hasKey && holdsPrivateKey(certificateText) && holdsCertificate(keyText)) {
    throw fault(
      `${certificate.name} contains the private key and ${privateKey.name} the certificate`,
      'swap the two settings',
    )
  }
  if (!hasCertificate) throw lacks(certificate, 'certificate', holdsPrivateKey(certificateText), 'tls.crt')
  if (!hasKey) throw lacks(privateKey, 'private key', holdsCertificate(keyText), 'tls.key')
  // cert-manager writes an empty ca.crt if its issuer does not know the CA.
  const chainText = chain === undefined ? '' : content(chain)
  if (chain !== undefined && chainText.trim() !== '' && !holdsCertificate(chainText))
    throw lacks(chain, 'certificate', holdsPrivateKey(chainText), 'ca.crt')
  return { certificate: certificateText, privateKey: keyText, chain: chainText }
}

function lacks(
  { name, content: held }: MountedFile,
  wanted: 'certificate' | 'private key',
  hasOther: boolean,
  example: string,
): IamRaError {
  if (hasOther) {
    const other = wanted === 'certificate' ? 'private key' : 'certificate'
    return fault(
      `${name} contains a ${other} but no ${wanted}`,
      `set it to the file of the ${wanted}, such as ${example}; the two files may be swapped`,
    )
  }
  if (typeof held === 'string' && held.trim() === '') {
    return fault(
      `${name} is empty`,
      'check the logs of its writer, which has not written it yet or failed to',
    )
  }
  // DER is not UTF-8, and has zero bytes in small numbers.
  if (typeof held === 'string' && (held.includes('\0') || held.includes('\ufffd'))) {
    return fault(
      `${name} is binary, as DER and PKCS #12 are, and not PEM`,
      `name the PEM file, such as ${example}, or convert it with openssl`,
    )
  }
  return fault(`${name} contains no PEM ${wanted}`, `name the file of the ${wanted}, such as ${example}`)
}

function content(file: MountedFile): string {
  if (file.content instanceof IamRaError) throw file.content
  return file.content
}

async function readFile(fs: Runtime['fs'], name: string, path: string): Promise<MountedFile> {
  try {
    return { name, content: await readInputFile(fs, path) }
  } catch (cause) {
    const code = codeOf(cause) ?? 'unreadable'
    return { name, content: fault(`${name} cannot be read (${code})`, readingHint(code), cause) }
  }
}

function readingHint(code: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'mount the Secret or the CSI volume there; if its certificate is not issued yet, kubectl describe certificate or certificaterequest says why'
    case 'EACCES':
    case 'EPERM':
      return "the container's uid is not allowed to read it: set the pod's fsGroup for a Secret, the driver's own fs-group attribute for a CSI volume, or runAsUser"
    default:
      return 'name the file itself, such as tls.crt or tls.key in the mounted directory'
  }
}

function fault(message: string, hint: string, cause?: unknown): IamRaError {
  return new IamRaError('INPUT_FILE', 'certificate', message, { hint, cause })
}
