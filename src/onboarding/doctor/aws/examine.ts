/** The checks of AWS, in order: who asks, the trust anchor, each role and its profile. */
import type { Account } from '../../aws/account.ts'
import { readInstallation, type Installation } from '../../aws/installation.ts'
import { rolePath } from '../../names.ts'
import type { Commands } from '../commands.ts'
import type { Examination } from '../examination.ts'
import { ok } from '../finding.ts'
import { isOne, scopeOf, type Scope, type Wanted } from '../scope.ts'
import { anchorFindings } from './anchor.ts'
import { profileFindings } from './profile.ts'
import { guardFinding, roleFindings, strayFindings } from './role.ts'
import { clusterFinding, workloadFinding } from './workload.ts'

export interface AwsFacts {
  readonly account: Account
  readonly installation: Installation
  readonly scope: Scope
}

interface AwsQuestion {
  readonly installation: string
  readonly wanted: Wanted
  readonly commands: Commands
  readonly nowMs: number
  open(): Promise<Account>
}

/** @returns undefined if AWS could not be looked at, which is then said */
export async function examineAws(exam: Examination, question: AwsQuestion): Promise<AwsFacts | undefined> {
  const { installation: name, wanted, commands, nowMs } = question
  const account = await exam.look('AWS', 'identity', {
    ...{ read: question.open, deniedIsFault: true },
    judge: ({ id, callerArn, region }) => [ok(`${id} as ${callerArn}, ${region}`)],
  })
  if (account === undefined) return undefined
  const installation = await exam.look('AWS', 'installation', { read: () => readInstallation(account, name) })
  if (installation === undefined) return undefined
  const { anchor, owner } = installation
  exam.say('AWS', 'anchor', anchorFindings(installation, nowMs, commands))
  const scope = scopeOf(installation, wanted)
  const facts = { account, installation, scope }
  if (anchor === undefined) return facts
  const { cluster } = wanted
  if (cluster !== undefined && !installation.clusters.some((one) => one.name === cluster)) {
    exam.say('AWS', 'cluster', [clusterFinding(cluster, installation)])
    return facts
  }
  if (isOne(wanted) && scope.bound.length === 0) {
    exam.say('AWS', 'workload', [workloadFinding(wanted, installation)])
    return facts
  }
  const more = await exam.look('AWS', 'roles', {
    read: async () => {
      const [quota, names, profiles] = await Promise.all([
        account.iam.trustPolicyQuota(),
        account.iam.listRoles(rolePath(name)),
        account.rolesAnywhere.listProfiles(),
      ])
      const known = installation.roles.map((role) => role.name)
      return { quota, profiles, strays: names.filter((one) => !known.includes(one)) }
    },
    judge: ({ strays }) => strayFindings(strays, name),
  })
  if (more === undefined) return facts
  const isAsked = scope.bound.map(({ binding }) => binding)
  for (const role of scope.roles) {
    const { quota, profiles } = more
    exam.say(
      'AWS',
      'role',
      roleFindings(
        { owner, role, anchorId: anchor.id, quota, isAsked: (one) => isAsked.includes(one) },
        commands,
      ),
    )
    exam.say('AWS', 'profile', profileFindings({ installation: name, role, profiles }, commands))
  }
  if (scope.bound.length > 0) exam.say('AWS', 'guard', [guardFinding()])
  return facts
}
