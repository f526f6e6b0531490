/** A certificate and its key that others mount and replace: a Secret of cert-manager, a volume of SPIFFE. */
import { IamRaError } from '../errors.ts'
import { foreignTexts } from '../foreign-text.ts'
import type { Logger } from '../log.ts'
import type { Bounds } from '../retry.ts'
import type { Runtime } from '../runtime.ts'
import type { MountedCertificateSettings } from '../run-settings.ts'
import type { IssuedCertificate } from '../types.ts'
import { readCertificates, unfit, type Certificate } from './certificate.ts'
import { checkLeaf } from './checks.ts'
import { areSame, contents, readMountedFiles, type MountedFiles } from './mounted-files.ts'
import { readPrivateKey } from './private-key.ts'

export interface MountedContext {
  readonly runtime: Pick<Runtime, 'clock' | 'fs'>
  readonly bounds: Bounds
  readonly logger: Logger
}

/** What stands still this long is not about to be replaced. */
const PAUSE_MS = 500
const READINGS = 4

/**
 * Reads the files anew, as each renewal must. They may be of two versions: a Secret's volume swaps a symlink between two
 * readings, and others write in place, one file after the other (spiffe-helper, pkg/disk/x509.go). No way of reading
 * rules the second out, so what was read is judged whole, and read again until it fits or stands still.
 *
 * @throws IamRaError of stage certificate: INPUT_FILE for a file, CERTIFICATE_UNFIT for a rule or a key that is another's
 */
export async function readMountedCertificate(
  settings: MountedCertificateSettings,
  { runtime, bounds, logger }: MountedContext,
): Promise<IssuedCertificate> {
  bounds.signal.throwIfAborted()
  let before: MountedFiles | undefined
  for (let count = 1; ; count += 1) {
    const files = await readMountedFiles(settings, runtime.fs)
    try {
      const certificate = await check(files, runtime.clock.now())
      logger.step('certificate read and checked', {
        stage: 'certificate',
        subject: certificate.subject,
        issuer: certificate.issuer,
        serial: certificate.serialHex,
        chain: certificate.chainSubjects,
        not_after: new Date(certificate.notAfterMs).toISOString(),
      })
      return certificate
    } catch (error) {
      const last = count === READINGS || bounds.remainingMs() <= PAUSE_MS
      if (!(error instanceof IamRaError) || last || (before !== undefined && areSame(before, files)))
        throw error
      logger.step(`${error.message}: reading again, it may be about to be replaced`, { stage: 'certificate' })
    }
    before = files
    await runtime.clock.sleep(PAUSE_MS, bounds.signal)
  }
}

async function check(files: MountedFiles, nowMs: number): Promise<IssuedCertificate> {
  const { certificate, privateKey, chain } = contents(files)
  const key = readPrivateKey(privateKey, files.privateKey.name)
  const certificates = read(certificate, files.certificate.name)
  const candidates = chain === '' ? [] : read(chain, files.chain?.name ?? '')
  const leaf = certificates.find((one) => Buffer.compare(one.publicKeyInfo, key.publicKeyInfo) === 0)
  if (leaf === undefined) throw notAPair(files, certificates)
  const checked = await checkLeaf(leaf, [...certificates, ...candidates], { origin: 'mounted', nowMs })
  return { ...checked, requestId: '', sign: (data) => key.sign(data) }
}

function read(pem: string, name: string): Certificate[] {
  try {
    return readCertificates(pem, name)
  } catch (cause) {
    throw new IamRaError('INPUT_FILE', 'certificate', `${name} holds a certificate that cannot be read`, {
      hint: 'it is damaged or cut short: look at it with openssl x509 -noout -text -in …, and at what its issuer wrote',
      cause,
    })
  }
}

function notAPair({ certificate, privateKey }: MountedFiles, found: readonly Certificate[]): IamRaError {
  const subjects = foreignTexts(found.map(({ subject }) => subject || 'one without a subject')).join('; ')
  return unfit(
    `the key in ${privateKey.name} and the certificate in ${certificate.name} (${subjects}) do not belong together`,
    'mount both from one Secret or volume, and its folder as a whole: a file mounted by subPath is never replaced',
  )
}
