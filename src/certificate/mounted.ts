/** A mounted certificate and key that another tool replaces: a cert-manager Secret, a SPIFFE volume. */
import { IamRaError } from '../errors.ts'
import { foreignTexts } from '../text/redact.ts'
import type { Logger } from '../run/log.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Runtime } from '../run/runtime.ts'
import type { MountedCertificateSettings } from './settings.ts'
import type { IssuedCertificate } from '../credentials.ts'
import { readCandidates } from './candidates.ts'
import { unfit, type Certificate } from './certificate.ts'
import { checkLeaf, type CheckedCertificate } from './checks.ts'
import { isSameRead, readTexts, readMountedFiles, type MountedFiles } from './mounted-files.ts'
import { readPrivateKeys, type PrivateKey } from './private-key.ts'
import { isValidAt } from './validity.ts'

export interface MountedContext {
  readonly runtime: Pick<Runtime, 'clock' | 'fs'>
  readonly bounds: Bounds
  readonly logger: Logger
}

/** Files that do not change for this long are not about to be replaced. */
const PAUSE_MS = 500
const READINGS = 4

/**
 * Re-reads the files, as each renewal must. They may be of two versions: a Secret volume may swap a symlink between two
 * reads, and other tools write in place, one file after the other (spiffe-helper, pkg/disk/x509.go). No way of reading
 * rules out the latter, so the files are judged together, and re-read until they are fit or stop changing.
 *
 * @throws IamRaError of stage certificate: INPUT_FILE for a file, CERTIFICATE_UNFIT for a rule or a mismatched key
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
      const { warnings, ...certificate } = await check(files, runtime.clock.now(), bounds.signal)
      for (const warning of warnings) logger.warn(warning, { stage: 'certificate' })
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
      const last = count === READINGS || bounds.signal.aborted || bounds.remainingMs() <= PAUSE_MS
      if (!(error instanceof IamRaError) || last || (before !== undefined && isSameRead(before, files)))
        throw error
      logger.step(`${error.message}: reading it again, because it may be about to be replaced`, {
        stage: 'certificate',
      })
    }
    before = files
    await runtime.clock.sleep(PAUSE_MS, bounds.signal)
  }
}

async function check(
  files: MountedFiles,
  nowMs: number,
  signal: AbortSignal,
): Promise<IssuedCertificate & Pick<CheckedCertificate, 'warnings'>> {
  const texts = readTexts(files)
  const { keys, fault } = readPrivateKeys(texts.privateKey, files.privateKey.name)
  const certificates = await read(texts.certificate, files.certificate.name, signal)
  const candidates = await read(texts.chain, files.chain?.name ?? '', signal)
  const pair = pairOf(keys, certificates, nowMs)
  if (pair === undefined) throw fault ?? notAPair(files, certificates)
  const { leaf, key } = pair
  const others = [...certificates, ...candidates]
  const checked = await checkLeaf(leaf, others, { origin: 'mounted', nowMs, signal })
  return { ...checked, requestId: '', sign: (data) => key.sign(data) }
}

/** The first pair that is valid, else that will be: an old certificate or key may be left in its file. */
function pairOf(
  keys: readonly PrivateKey[],
  certificates: readonly Certificate[],
  nowMs: number,
): { readonly leaf: Certificate; readonly key: PrivateKey } | undefined {
  const pairs = certificates.flatMap((leaf) =>
    keys
      .filter((key) => Buffer.compare(leaf.publicKeyInfo, key.publicKeyInfo) === 0)
      .map((key) => ({ leaf, key })),
  )
  return (
    pairs.find(({ leaf }) => isValidAt(leaf, nowMs)) ??
    pairs.find(({ leaf }) => leaf.notBeforeMs > nowMs) ??
    pairs[0]
  )
}

async function read(pem: string, name: string, signal: AbortSignal): Promise<Certificate[]> {
  try {
    return await readCandidates(pem, name, { origin: 'mounted', signal })
  } catch (cause) {
    if (!(cause instanceof IamRaError) || cause.code !== 'ANSWER_INVALID') throw cause
    throw new IamRaError('INPUT_FILE', 'certificate', `${name} contains a certificate that cannot be read`, {
      hint: 'check it with openssl x509 -noout -text -in …, and check what its issuer wrote: it is damaged or truncated',
      cause,
    })
  }
}

function notAPair({ certificate, privateKey }: MountedFiles, found: readonly Certificate[]): IamRaError {
  const subjects = foreignTexts(found.map(({ subject }) => subject || 'one without a subject')).join('; ')
  return unfit(
    `the key in ${privateKey.name} and the certificate in ${certificate.name} (${subjects}) do not match`,
    'mount both from one Secret or volume, as a whole directory: a file mounted by subPath is never replaced',
  )
}
