/** `iam-ra role create --print cloudformation`: the role of one workload as a template, for teams that create roles with CloudFormation. */
import { printResult } from '../report.ts'
import { IamRaError } from '../../errors.ts'
import { roleTemplate } from '../../onboarding/aws/cloudformation.ts'
import { readInstallation } from '../../onboarding/aws/installation.ts'
import type { RoleWishes } from '../../onboarding/aws/role-wishes.ts'
import {
  accountFault,
  clusterFault,
  commonNameFault,
  namespaceFault,
  type NameFault,
} from '../../onboarding/names.ts'
import { withAccount } from '../account.ts'
import type { OperatorContext } from '../context.ts'
import type { AccountFlags } from '../route.ts'

export interface TemplateFlags extends AccountFlags {
  readonly print?: 'cloudformation'
  readonly anchor?: string
  readonly cluster?: string
  readonly 'k8s-namespace'?: string
  readonly 'service-account'?: string
  readonly issuer?: string
}

const OWN_FLAGS = ['anchor', 'cluster', 'k8s-namespace', 'service-account', 'issuer'] as const

/** @throws IamRaError if a flag of the template comes without --print */
export function checkTemplateFlags(flags: TemplateFlags): void {
  const given = OWN_FLAGS.filter((name) => flags[name] !== undefined)
  if (flags.print !== undefined || given.length === 0) return
  throw wrong(
    `${given.map((name) => `--${name}`).join(', ')} only makes sense with --print cloudformation`,
    'bind workloads to a role of iam-ra with iam-ra k8s onboard',
  )
}

export async function printTemplate(
  context: OperatorContext,
  flags: TemplateFlags,
  wishes: RoleWishes,
  installation: string,
): Promise<number> {
  const workload = workloadOf(flags)
  const PermissionsPolicyArn = onlyPolicy(wishes)
  const { sessionSeconds = 3600, maxSessionSeconds = 3600 } = wishes
  if (sessionSeconds > maxSessionSeconds) {
    throw wrong(
      `sessions of ${sessionSeconds} seconds are longer than the role allows (${maxSessionSeconds})`,
      'raise --max-session or lower --session-duration',
    )
  }
  const IssuerNames = flags.issuer ?? `Pods of cluster ${workload.cluster}`
  if (!ISSUER.test(IssuerNames)) {
    throw wrong('--issuer is not the CN of one CA', 'use at most 64 letters, digits, spaces and _.:/=+@-')
  }
  const AnchorArn = flags.anchor ?? (await anchorArn(context, flags, installation))
  if (!ANCHOR.test(AnchorArn)) {
    throw wrong('--anchor is not the ARN of a trust anchor', 'copy it from iam-ra status, or from the stack')
  }
  await printResult(
    context.runtime,
    roleTemplate({
      ...{ AnchorArn, IssuerNames, PermissionsPolicyArn },
      ...{ Cluster: workload.cluster, Namespace: workload.namespace, Account: workload.account },
      ...{ SessionSeconds: sessionSeconds, MaxSessionSeconds: maxSessionSeconds },
    }),
  )
  context.runtime.stderr(
    `next: save it, and run aws cloudformation deploy --capabilities CAPABILITY_IAM --stack-name iam-ra-${wishes.role} --template-file FILE\n`,
  )
  return 0
}

/** As k8s/aws/role.yaml has them. */
const ISSUER = /^[A-Za-z0-9_.:/=+@-]([A-Za-z0-9 _.:/=+@-]{0,62}[A-Za-z0-9_.:/=+@-])?$/
const ANCHOR = /^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:[0-9]{12}:trust-anchor\/[a-f0-9-]{36}$/

function workloadOf(flags: TemplateFlags): {
  readonly cluster: string
  readonly namespace: string
  readonly account: string
} {
  const { cluster, 'k8s-namespace': namespace = 'default', 'service-account': account } = flags
  if (cluster === undefined || account === undefined) {
    throw wrong(
      '--print cloudformation needs --cluster and --service-account',
      'the template is for one service account: add --cluster CLUSTER --k8s-namespace NAMESPACE --service-account ACCOUNT',
    )
  }
  const workload = { cluster, namespace, account }
  const checks: readonly (readonly [string, NameFault | undefined])[] = [
    [`--cluster "${cluster}"`, clusterFault(cluster)],
    [`--k8s-namespace "${namespace}"`, namespaceFault(namespace)],
    [`--service-account "${account}"`, accountFault(account)],
    [`service account ${account}`, commonNameFault(workload)],
  ]
  for (const [what, fault] of checks) {
    if (fault !== undefined) throw wrong(`${what} ${fault.wrong}`, `use ${fault.expected}`)
  }
  return workload
}

/** The template has room for one. */
function onlyPolicy({ policies, inline, boundary, iamName }: RoleWishes): string {
  const [policy, ...more] = policies
  if (
    policy !== undefined &&
    more.length === 0 &&
    Object.keys(inline).length === 0 &&
    boundary === undefined &&
    iamName === undefined
  ) {
    return policy
  }
  throw wrong(
    '--print cloudformation takes exactly one --policy, and no --inline-policy, --permissions-boundary or --iam-role-name',
    'put all permissions into one managed policy, or change the printed template',
  )
}

async function anchorArn(
  context: OperatorContext,
  flags: TemplateFlags,
  installation: string,
): Promise<string> {
  const { anchor } = await withAccount(context, flags, (account) => readInstallation(account, installation))
  if (anchor !== undefined) return anchor.arn
  throw wrong(
    `installation ${installation} has no trust anchor`,
    'create it with iam-ra init, or name one with --anchor ARN',
  )
}

function wrong(message: string, hint: string): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, { hint })
}
