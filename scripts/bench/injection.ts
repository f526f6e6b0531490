/**
 * What injection costs the API server: pods that ask and pods that do not, with the policies of k8s/injection, with a
 * minimal webhook and with neither, on API servers 1.37 and 1.36. Writes docs/lab/injection.* and the table of
 * docs/performance.md; with --quick it does less and writes nothing. Needs Linux and the servers of `npm run servers`.
 */
import { ensureServers } from '../../test/rig/servers/build.ts'
import { benchCommand, report } from './command.ts'
import { startLab, VERSIONS } from './injection/lab.ts'
import { INJECTION_PAGE, injectionTables } from './injection/page.ts'
import type { Results, Run } from './injection/results.ts'
import { runRounds, type Counts } from './injection/run.ts'
import { machineFacts } from './machine.ts'
import { publish } from './pages.ts'

const WHOLE: Counts = { rounds: 21, one: 80, several: 240 }
const QUICK: Counts = { rounds: 3, one: 20, several: 40 }

async function main(isQuick: boolean): Promise<void> {
  if (process.platform !== 'linux') throw new Error('it reads /proc, which only Linux has')
  await ensureServers(['etcd', 'kustomize', 'kube-apiserver', 'kube-apiserver-1.37'])
  const machine = Object.fromEntries(
    Object.entries(machineFacts([])).filter(([name]) => !['Bun', 'openssl', 'curl', 'jq'].includes(name)),
  )
  for (const [name, value] of Object.entries(machine)) report(`${name}: ${value}`)
  const runs: Run[] = []
  for (const version of VERSIONS) {
    report(`starting three API servers ${version}`)
    const lab = await startLab(version)
    try {
      runs.push(await runRounds(lab, isQuick ? QUICK : WHOLE, report))
    } finally {
      await lab.stop()
    }
  }
  const results: Results = { date: new Date().toISOString().slice(0, 10), machine, runs }
  process.stdout.write(`\n${injectionTables(results)}\n`)
  if (!isQuick) await publish(INJECTION_PAGE, results)
}

await benchCommand(main, { needsBuild: false })
