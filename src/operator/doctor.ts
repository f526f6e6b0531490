/** `iam-ra doctor`: goes through AWS, Vault, the cluster and the pod, and says what does not fit and what settles it. */
import { openAccount, type Account } from '../onboarding/aws/account.ts'
import { examineAws } from '../onboarding/doctor/aws/examine.ts'
import { commandsFor } from '../onboarding/doctor/commands.ts'
import { BOUND_MS, createExamination } from '../onboarding/doctor/examination.ts'
import { examineVault, type VaultWay } from '../onboarding/doctor/vault/examine.ts'
import { openVault } from '../onboarding/vault/connection.ts'
import type { Vault } from '../onboarding/vault/vault.ts'
import { installationOf } from './account.ts'
import type { OperatorContext } from './context.ts'
import { jsonReport, textReport } from './doctor-report.ts'
import { FOUND } from './exits.ts'
import { warn } from './report.ts'
import type { AccountFlags } from './route.ts'

export interface DoctorFlags extends AccountFlags {
  readonly cluster?: string
  readonly workload?: string
  readonly pod?: PodName
  readonly 'k8s-namespace'?: string
  readonly exchange?: boolean
  readonly json?: boolean
}

export interface PodName {
  readonly namespace: string
  readonly name: string
}

export async function doctor(context: OperatorContext, flags: DoctorFlags): Promise<number> {
  const { runtime, interrupt } = context
  const { clock, stdout } = runtime
  const installation = installationOf(context, flags)
  const report = flags.json === true ? jsonReport(stdout) : textReport(stdout, clock.now)
  const exam = createExamination({ clock, interrupt, onLine: report.line })
  const opened: { close(): void }[] = []
  const kept = <T extends { close(): void }>(one: T): T => {
    opened.push(one)
    return one
  }
  const open = async (): Promise<Account> =>
    kept(
      await openAccount(runtime, {
        ...{ region: flags.region, profile: flags.profile, interrupt, patienceMs: BOUND_MS / 2 },
      }),
    )
  const asked = { commands: commandsFor(installation), nowMs: clock.now() }
  try {
    const wanted = { cluster: flags.cluster, namespace: flags['k8s-namespace'], workload: flags.workload }
    const aws = await examineAws(exam, { ...asked, installation, wanted, open })
    await examineVault(exam, { ...asked, aws, context: undefined, server: vaultOf(context, kept) })
  } finally {
    for (const one of opened) one.close()
  }
  report.end(exam.lines)
  return exam.lines.some(({ state }) => state === 'failed') ? FOUND : 0
}

/** Undefined if the environment names no Vault. */
function vaultOf({ runtime }: OperatorContext, kept: (vault: Vault) => Vault): VaultWay | undefined {
  const address = runtime.env['VAULT_ADDR']?.trim() ?? ''
  if (address === '') return undefined
  return {
    address,
    open: async () =>
      kept(
        await openVault({
          ...runtime,
          readFile: (path) => runtime.fs.readFile(path),
          warn: (sentence) => warn(runtime, sentence),
        }),
      ),
  }
}
