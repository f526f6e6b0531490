/** check: the whole way, step by step, with what was sent and found at each. Nothing that it makes lasts. */
import type { IamRaError } from '../errors.ts'
import type { Logger } from '../run/log.ts'
import type { Runtime } from '../run/runtime.ts'
import type { CheckSettings, GivenSetting } from '../settings/settings.ts'
import type { CredentialsSource } from '../sources/source.ts'
import type { IssuedCertificate } from '../credentials.ts'
import type { VaultSession } from '../vault/session.ts'
import { createInspection, type Inspection } from './check/inspection.ts'
import { jsonReport } from './check/json-report.ts'
import { failedStep, type CheckStep, type Report } from './check/report.ts'
import * as steps from './check/steps.ts'
import { textReport } from './check/text-report.ts'

export interface Check {
  readonly settings: CheckSettings
  readonly given: readonly GivenSetting[]
  /** Of the settings. */
  readonly warnings: readonly string[]
  readonly json: boolean
}

/**
 * Goes on after a failure with what does not need the step that failed.
 * @returns the exit code that a run would have had
 * @throws IamRaError INTERRUPTED or INTERNAL
 */
export async function runCheck(
  { settings, given, warnings, json }: Check,
  runtime: Runtime,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<number> {
  const report = reportOf(json, runtime)
  const inspection = createInspection(runtime, logger, settings.deadlineMs, interrupt, report.add)
  inspection.add({ name: 'settings', state: 'ok', given, sent: {}, found: {}, warnings })
  await lookAtSource(settings, inspection)
  await lookAtSink(settings, inspection)
  return ended(inspection.steps, report)
}

/** Settings that are wrong leave nothing to look at. @returns the exit code */
export function reportSettings(failure: IamRaError, json: boolean, runtime: Runtime): number {
  const report = reportOf(json, runtime)
  const step: CheckStep = {
    name: 'settings',
    state: 'failed',
    sent: {},
    found: {},
    warnings: [],
    error: failure,
  }
  report.add(step)
  return ended([step], report)
}

function reportOf(json: boolean, { stdout, clock }: Runtime): Report {
  return json ? jsonReport(stdout) : textReport(stdout, clock.now)
}

function ended(all: readonly CheckStep[], report: Report): number {
  report.end(all)
  return failedStep(all)?.error.exitCode ?? 0
}

async function lookAtSource({ source, deadlineMs }: CheckSettings, inspection: Inspection): Promise<void> {
  switch (source.kind) {
    case 'vault-pki': {
      const certificate = await lookAtVaultPki(source, inspection)
      await lookAtExchange(source, certificate, inspection)
      break
    }
    case 'mounted-certificate': {
      const certificate = await inspection.run('mounted_certificate', (step) =>
        steps.readMounted(source.certificate, step),
      )
      await lookAtExchange(source, certificate, inspection)
      break
    }
    case 'vault-aws':
      await lookAtVaultAws(source, deadlineMs, inspection)
  }
}

type SourceOf<Kind> = Extract<CredentialsSource, { readonly kind: Kind }>

async function lookAtVaultPki(
  source: SourceOf<'vault-pki'>,
  inspection: Inspection,
): Promise<IssuedCertificate | undefined> {
  const session = await lookAtLogin(source, inspection)
  if (session === undefined) {
    inspection.skip('certificate', 'Vault token')
    return undefined
  }
  try {
    return await inspection.run('certificate', (step) => steps.sign(source.certificate, session, step))
  } finally {
    await inspection.run('vault_token', (step) => steps.endSession(session, undefined, step))
  }
}

async function lookAtVaultAws(
  source: SourceOf<'vault-aws'>,
  deadlineMs: number,
  inspection: Inspection,
): Promise<void> {
  const session = await lookAtLogin(source, inspection)
  if (session === undefined) {
    inspection.skip('vault_aws', 'Vault token')
    return
  }
  let lease: Awaited<ReturnType<typeof steps.leaseKeys>>['lease']
  try {
    // New keys need their time at AWS, in a run too.
    const obtained = await inspection.run('vault_aws', (step) => steps.leaseKeys(source.aws, session, step), {
      limitMs: deadlineMs,
    })
    lease = obtained?.lease
  } finally {
    await inspection.run('vault_token', (step) => steps.endSession(session, lease, step))
  }
}

async function lookAtLogin(
  { vault }: SourceOf<'vault-pki' | 'vault-aws'>,
  inspection: Inspection,
): Promise<VaultSession | undefined> {
  const isThere = await inspection.run('token_file', (step) => steps.lookAtToken(vault, step))
  if (isThere === true) return await inspection.run('vault_login', (step) => steps.logIn(vault, step))
  inspection.skip('vault_login', 'service-account token')
  return undefined
}

async function lookAtExchange(
  { exchange }: SourceOf<'vault-pki' | 'mounted-certificate'>,
  certificate: IssuedCertificate | undefined,
  inspection: Inspection,
): Promise<void> {
  if (certificate === undefined) {
    await inspection.run('exchange', (step) => steps.reachExchange(exchange, step), { lacks: 'certificate' })
    return
  }
  await inspection.run('exchange', (step) => steps.exchange(exchange, certificate, step))
}

async function lookAtSink({ file }: CheckSettings, inspection: Inspection): Promise<void> {
  if (file.kind === 'token') {
    await inspection.run('authorization_token_file', (step) => steps.lookAtTokenFile(file.endpoint, step))
    return
  }
  const { sink } = file
  if (sink.regionFile !== undefined)
    await inspection.run('config_file', (step) => steps.lookAtFile('config', sink, step))
  await inspection.run('credentials_file', (step) => steps.lookAtFile('credentials', sink, step))
}
