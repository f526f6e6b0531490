/**
 * Measures the node agent of the shipped file, with a real Vault that asks a real kube-apiserver about each token. Writes
 * docs/lab/agent.*; with --quick it does less, prints the results and writes nothing. Needs `npm run servers`.
 */
import { join } from 'node:path'
import { ensureServers } from '../../test/rig/servers/build.ts'
import { ROOT } from '../checks/files.ts'
import { AGENT_PAGE, summary } from './agent/page.ts'
import { runAgent, type Counts } from './agent/run.ts'
import { benchCommand, report } from './command.ts'
import { publish } from './pages.ts'

const WHOLE: Counts = { rounds: 3, one: 3000, sixteen: 9000, fresh: 60, pods: 110, accounts: 20 }
const QUICK: Counts = { rounds: 1, one: 200, sixteen: 320, fresh: 6, pods: 22, accounts: 4 }

async function main(isQuick: boolean): Promise<void> {
  if (process.platform !== 'linux') throw new Error('it reads /proc, which only Linux has')
  await ensureServers(['vault', 'etcd', 'kube-apiserver'])
  const results = await runAgent(join(ROOT, 'dist/aws-iam-ra'), isQuick ? QUICK : WHOLE, report)
  process.stdout.write(`\n${summary(results)}`)
  if (!isQuick) await publish(AGENT_PAGE, results)
}

await benchCommand(main)
