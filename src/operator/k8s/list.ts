/** `iam-ra k8s list`: every workload, and whether AWS, Vault and the cluster agree on it. */
import { IamRaError } from '../../errors.ts'
import type { Standing } from '../../onboarding/authority/authority.ts'
import type { Binding } from '../../onboarding/aws/bindings.ts'
import { readInstallation, type Installation } from '../../onboarding/aws/installation.ts'
import { isOff, workloadRows, type ClusterFacts, type WorkloadRow } from '../../onboarding/workloads.ts'
import { table } from '../../terminal/table.ts'
import { installationOf, withAccount } from '../account.ts'
import { withAuthority } from '../authority.ts'
import type { OperatorContext } from '../context.ts'
import { FOUND } from '../exits.ts'
import { printResult, SCHEMA, warn } from '../report.ts'
import type { AccountFlags } from '../route.ts'
import { checkNames, chooseCluster, requireAnchor } from './choose.ts'
import { readFacts, type ClusterFlags } from './cluster.ts'
import { plainJson } from '../../text/one-line.ts'

export interface ListFlags extends AccountFlags, ClusterFlags {
  readonly cluster?: string
  readonly json?: boolean
  readonly 'exit-code'?: boolean
  readonly 'no-cluster'?: boolean
}

export async function list(context: OperatorContext, flags: ListFlags): Promise<number> {
  const name = installationOf(context, flags)
  checkNames({ cluster: flags.cluster })
  const installation = await withAccount(context, flags, (account) => readInstallation(account, name))
  requireAnchor(installation)
  if (flags.cluster !== undefined) chooseCluster(installation, flags.cluster)
  const [standings, facts] = await Promise.all([
    readStandings(context, flags, installation),
    flags['no-cluster'] === true ? undefined : factsOf(context, flags, installation),
  ])
  const rows = workloadRows(installation, (binding) => standings.get(binding), facts).filter(
    ({ cluster }) => flags.cluster === undefined || cluster === flags.cluster,
  )
  for (const why of new Set(
    rows.flatMap(({ authority }) => (authority.state === 'unknown' ? (authority.why ?? []) : [])),
  ))
    warn(context.runtime, `Vault could not be asked: ${why}`)
  const off = rows.filter(isOff)
  await printResult(context.runtime, flags.json === true ? asJson(installation, rows) : asTable(rows))
  say(context, installation, rows, off)
  return off.length > 0 && flags['exit-code'] === true ? FOUND : 0
}

function say(
  { runtime }: OperatorContext,
  { clusters, name }: Installation,
  rows: readonly WorkloadRow[],
  [first, ...more]: readonly WorkloadRow[],
): void {
  if (rows.length === 0) {
    const next = clusters.length === 0 ? 'setup CLUSTER sets up a cluster' : 'onboard WORKLOAD binds one'
    runtime.stderr(`installation ${name} has no workloads: iam-ra k8s ${next}\n`)
  }
  if (first === undefined) return
  const { cluster, namespace, workload } = first
  runtime.stderr(
    `${more.length + 1} ${more.length === 0 ? 'does' : 'do'} not fit: iam-ra doctor --cluster ${cluster} --k8s-namespace ${namespace} --workload ${workload} says more\n`,
  )
}

async function readStandings(
  context: OperatorContext,
  flags: ListFlags,
  installation: Installation,
): Promise<ReadonlyMap<Binding, Standing>> {
  const bindings = installation.roles.flatMap((role) => role.bindings)
  const found = new Map<Binding, Standing>()
  if (bindings.length === 0) return found
  await withAuthority(context, flags, { installation }, async (authority) => {
    for (const cluster of installation.clusters) {
      const own = bindings.filter((one) => one.cluster === cluster.name)
      const standings = own.length === 0 ? [] : await authority.standings(cluster, own)
      for (const [at, one] of own.entries()) found.set(one, standings[at] ?? { state: 'unknown' })
    }
  })
  return found
}

/** A cluster that cannot be asked leaves its column open, with a warning: the rest is worth showing. */
async function factsOf(
  context: OperatorContext,
  flags: ListFlags,
  installation: Installation,
): Promise<ClusterFacts | undefined> {
  try {
    return await readFacts(context, flags, installation)
  } catch (error) {
    if (!(error instanceof IamRaError) || error.stage !== 'cluster') throw error
    warn(context.runtime, `no cluster was looked at: ${error.message} (--no-cluster leaves it out)`)
    return undefined
  }
}

const HEAD = ['CLUSTER', 'NAMESPACE', 'WORKLOAD', 'ACCOUNT', 'ROLE', 'AWS', 'VAULT', 'CLUSTER']

function asTable(rows: readonly WorkloadRow[]): string {
  if (rows.length === 0) return ''
  const lines = table(
    HEAD,
    rows.map((row) => [
      ...[row.cluster, row.namespace, row.workload, row.account || '-', row.role || '-'],
      ...[row.aws, row.authority, row.objects].map(words),
    ]),
  )
  return `${lines.join('\n')}\n`
}

function words({ state, why }: Standing): string {
  return state === 'ok' ? 'ok' : state === 'unknown' ? '?' : (why ?? 'wrong')
}

function asJson({ name, owner, clusters }: Installation, workloads: readonly WorkloadRow[]): string {
  const document = {
    ...{ schema: SCHEMA, installation: name, account: owner.account },
    clusters: clusters.map(({ name: cluster, mode, namespace }) => ({ name: cluster, mode, namespace })),
    workloads,
  }
  return `${plainJson(document, 2)}\n`
}
