/** `iam-ra k8s migrate`: what moves a cluster from kiam or kube2iam, and with --apply the part of it that is iam-ra's own. */
import type { Account } from '../../onboarding/aws/account.ts'
import { readInstallation } from '../../onboarding/aws/installation.ts'
import { planBinding } from '../../onboarding/aws/plan-binding.ts'
import { toYaml } from '../../onboarding/kubernetes/yaml.ts'
import { isMoved } from '../../onboarding/migration/plan.ts'
import { settingsObject } from '../../onboarding/migration/settings.ts'
import { commonName } from '../../onboarding/names.ts'
import { joined, type Plan } from '../../onboarding/plan/step.ts'
import { IamRaError } from '../../errors.ts'
import { installationOf, withAccount } from '../account.ts'
import { withAuthority } from '../authority.ts'
import { change, type ChangeFlags } from '../change.ts'
import type { OperatorContext } from '../context.ts'
import { FOUND } from '../exits.ts'
import { printDocument, printResult, warn } from '../report.ts'
import type { AccountFlags } from '../route.ts'
import { checkNames, chooseCluster, requireAnchor } from './choose.ts'
import { checkCluster, type ClusterFlags } from './cluster.ts'
import { readAnnotated, readMigration, type Migration } from './migration.ts'
import { migrationText } from './migration-report.ts'

type NamespaceRules = 'kiam' | 'kube2iam' | 'kiam,kube2iam' | 'none'

export interface MigrateFlags extends AccountFlags, ClusterFlags, ChangeFlags {
  readonly 'k8s-namespace'?: readonly string[]
  readonly 'base-role-arn'?: string
  readonly 'default-role'?: string
  readonly 'namespace-rules'?: NamespaceRules
  readonly image?: string
  readonly print?: 'settings'
  readonly apply?: boolean
  readonly json?: boolean
}

export async function migrate(context: OperatorContext, flags: MigrateFlags, name: string): Promise<number> {
  const installation = installationOf(context, flags)
  checkFlags(flags, name)
  return await withAccount(context, flags, async (account) => {
    const first = await readInstallation(account, installation)
    requireAnchor(first)
    const cluster = chooseCluster(first, name)
    await checkCluster(context, flags, cluster)
    const annotated = await readAnnotated(context, flags, cluster)
    return await withAuthority(context, flags, { installation: first, cluster: name }, async (authority) => {
      const read = async (): Promise<Migration> =>
        await readMigration(
          { account, authority, flags, env: context.runtime.env },
          { installation: await readInstallation(account, installation), cluster, annotated },
        )
      let last = await read()
      if (flags.apply === true) {
        const plan = async (): Promise<Plan> => {
          last = await read()
          return await planOwn(account, last)
        }
        const code = await change(context, { plan, stage: 'exchange' }, flags)
        if (flags['dry-run'] === true) return code
      }
      await print(context, flags, last)
      return flags['exit-code'] === true && !isMoved(last.plan) ? FOUND : 0
    })
  })
}

/** @throws IamRaError */
function checkFlags(flags: MigrateFlags, cluster: string): void {
  checkNames({ cluster })
  for (const namespace of flags['k8s-namespace'] ?? []) checkNames({ namespace })
  const base = flags['base-role-arn']
  if (base !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:role(\/[!-~]*)?$/.test(base)) {
    throw wrong(
      `--base-role-arn ${base} is not the start of a role's ARN`,
      'set it as kiam or kube2iam has it, such as arn:aws:iam::111122223333:role/',
    )
  }
  if (flags.apply === true && flags['k8s-namespace'] === undefined)
    throw wrong(
      '--apply needs --k8s-namespace: namespaces are moved one by one',
      'name the namespaces to move; without --apply the plan of all of them is printed',
    )
  if (flags.apply === true && flags.print !== undefined)
    throw wrong(
      '--apply and --print contradict each other',
      'run it twice: first with --apply, then with --print settings',
    )
  if (flags['dry-run'] === true && flags.apply !== true)
    throw wrong(
      '--dry-run needs --apply: without --apply nothing is changed anyway',
      'omit --dry-run, or add --apply',
    )
}

function wrong(message: string, hint: string): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, { hint })
}

/** Accounts that Vault is to admit, and bindings of roles that are the installation's. All else is its owner's to do. */
async function planOwn(account: Account, { plan, installation, setUps }: Migration): Promise<Plan> {
  const { bindings } = plan
  const signing = bindings.flatMap(({ binding }) => setUps.get(commonName(binding))?.plan ?? [])
  const roles = [...new Set(bindings.flatMap(({ role }) => role ?? []))]
  const quota = roles.length === 0 ? 0 : await account.iam.trustPolicyQuota()
  const bound = roles.map((role) => {
    const bind = bindings
      .filter((one) => one.role === role)
      .map(({ binding }) => binding)
      .filter(
        (one) =>
          !role.bindings.some(
            (other) => commonName(other) === commonName(one) && !role.lacking.includes(other),
          ),
      )
    return bind.length === 0 ? joined() : planBinding(account, installation.owner, role, { bind, quota })
  })
  return joined(once(joined(...signing)), ...bound)
}

/** Each account's plan has what the cluster lacks besides, such as Vault's reviewer token. */
function once(plan: Plan): Plan {
  const steps = new Map(plan.steps.map((step) => [JSON.stringify(step.shown), step]))
  return { ...plan, steps: [...steps.values()] }
}

async function print({ runtime }: OperatorContext, flags: MigrateFlags, migration: Migration): Promise<void> {
  const { plan, notes } = migration
  const settings = settingsObject(plan.settings)
  if (flags.print === 'settings') {
    for (const note of notes) warn(runtime, note)
    if (flags.json === true) await printDocument(runtime, { settings })
    else await printResult(runtime, toYaml([settings]))
  } else if (flags.json === true) await printDocument(runtime, documentOf(migration))
  else await printResult(runtime, migrationText(migration))
}

function documentOf({ plan, notes, cluster, installation, meaning, running }: Migration): object {
  const { names, base, baseFrom, rulesFrom, defaultRole, format } = meaning
  return {
    ...{ installation: installation.name, account: installation.owner.account, cluster: cluster.name },
    from: running.map(({ program, where }) => ({ program, where })),
    baseRoleArn: { value: base, from: baseFrom },
    namespaceRules: { value: names, from: rulesFrom, format },
    defaultRole: defaultRole === '' ? null : defaultRole,
    moved: isMoved(plan),
    ...{ notes, namespaces: plan.namespaces, roles: plan.roles },
    settings: { data: plan.settings, unset: plan.unset },
  }
}
