/**
 * The reading of mounted certificates in a process of its own, on Node or on Bun, since the shipped file is compiled with
 * Bun: run as a program it takes a JSON list of readings and prints what came of each; `readOn` is the other end.
 */
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { readMountedCertificate } from '../../src/certificate/mounted.ts'
import { IamRaError } from '../../src/errors.ts'
import type { MountedCertificateSettings } from '../../src/certificate/settings.ts'
import type { RuntimeName } from '../support/http-client.ts'
import { runOn } from './on-runtime.ts'
import { fakeBounds, fakeRuntime, recordingLogger } from '../support/fake-runtime.ts'

export interface Reading {
  readonly settings: MountedCertificateSettings
  /** What to sign, base64. */
  readonly data: readonly string[]
}

export interface ReadOutcome {
  readonly keyAlgorithm?: string
  readonly subject?: string
  readonly chainSubjects?: readonly string[]
  /** Of the leaf, base64. */
  readonly leaf?: string
  /** Base64, one for each of the data. */
  readonly signatures?: readonly string[]
  readonly code?: string
  readonly stage?: string
  readonly message?: string
  readonly hint?: string
  /** All that could be logged or printed of it, causes and hidden members included. */
  readonly printed: string
}

export async function readOn(
  runtime: RuntimeName,
  readings: readonly Reading[],
): Promise<readonly ReadOutcome[]> {
  return (await runOn(runtime, import.meta.filename, readings)) as readonly ReadOutcome[]
}

async function read({ settings, data }: Reading): Promise<ReadOutcome> {
  const runtime = fakeRuntime()
  const logger = recordingLogger()
  try {
    const certificate = await readMountedCertificate(settings, {
      runtime,
      bounds: fakeBounds(runtime.clock),
      logger,
    })
    const signatures = await Promise.all(data.map((one) => certificate.sign(Buffer.from(one, 'base64'))))
    return {
      keyAlgorithm: certificate.keyAlgorithm,
      subject: certificate.subject,
      chainSubjects: certificate.chainSubjects,
      leaf: Buffer.from(certificate.leaf).toString('base64'),
      signatures: signatures.map((one) => Buffer.from(one).toString('base64')),
      printed: inspect([certificate, logger.lines], { depth: Infinity, showHidden: true }),
    }
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    const { code, stage, message, hint = '' } = error
    const printed = inspect([error, logger.lines], { depth: Infinity, showHidden: true })
    return { code, stage, message, hint, printed }
  }
}

if (import.meta.main) {
  const readings = JSON.parse(await text(process.stdin)) as readonly Reading[]
  const outcomes: ReadOutcome[] = []
  for (const reading of readings) outcomes.push(await read(reading))
  process.stdout.write(JSON.stringify(outcomes))
}
