/** The table on node agents in docs/large-jobs.md. */
import { retry } from '../../../src/run/retry.ts'
import { markdownTable } from '../../generated.ts'
import { BOTO3, runCluster, WAIT, type Cluster } from './agents.ts'
import { times } from './figures.ts'
import { deadlineSeconds, PER_SECOND, runJob, VAULT_PER_SECOND, type JobOutcome } from './job.ts'
import type { Tell } from './job-tables.ts'

const PODS = 10_000
const FAST_VAULT = 5000
const ALL = { pods: PODS, nodes: 200, accounts: 1, client: WAIT }

const CLUSTERS: readonly (readonly [title: string, cluster: Cluster])[] = [
  ['`wait`', { ...ALL, vaultPerSecond: FAST_VAULT }],
  ['`wait`', ALL],
  ['boto3, restarted by the kubelet', { ...ALL, client: BOTO3 }],
  ['`wait`, all agents restarted', { ...ALL, vaultPerSecond: FAST_VAULT, restartedMs: 600_000 }],
  ...[10, 100, PODS].map((accounts) => ['`wait`', { ...ALL, accounts }] as const),
]

export async function agentTable(tell: Tell): Promise<string> {
  const rows: string[][] = []
  const row = ([accounts, perSecond, how]: readonly [string, number, string], done: JobOutcome): void => {
    tell(`agents, ${accounts} accounts, ${how}: ${done.requests} requests, ${done.failed} pods failed`)
    rows.push([
      ...[
        accounts,
        perSecond.toLocaleString('en'),
        how,
        ((done.leastMs / 1000) * PER_SECOND).toLocaleString('en'),
      ],
      ...[`${Math.round(done.lastMs / 1000)} s`, times(done.lastMs / done.leastMs)],
      ...[done.requests.toLocaleString('en'), done.logins.toLocaleString('en'), String(done.failed)],
    ])
  }
  for (const [title, cluster] of CLUSTERS) {
    const { accounts, vaultPerSecond = VAULT_PER_SECOND } = cluster
    row([accounts.toLocaleString('en'), vaultPerSecond, title], await runCluster(cluster))
  }
  const deadlineMs = deadlineSeconds(PODS) * 1000
  row(
    ['any', VAULT_PER_SECOND, 'no agent, an init container each'],
    await runJob({ pods: PODS, policy: retry, deadlineMs }),
  )
  return markdownTable(
    [
      'accounts',
      'Vault, a second',
      'how',
      'exchanges',
      'last pod',
      '× minimum',
      'requests',
      'logins',
      'failed',
    ],
    rows,
  )
}
