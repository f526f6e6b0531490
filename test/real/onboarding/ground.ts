/** What an operator has: an AWS account (emulated), a real Vault, a real cluster with kubectl, and `iam-ra` as a program. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/checks/files.ts'
import { runChild, type ChildRun } from '../../rig/processes/child.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { requireServer } from '../../rig/servers/build.ts'
import { startGateway, type Gateway } from '../../rig/servers/gateway.ts'
import { startKubernetes, type Kubernetes } from '../../rig/servers/kubernetes.ts'
import { startOperatorAccount, type OperatorAccount } from '../../rig/servers/operator-account.ts'
import { startVault, type VaultServer } from '../../rig/servers/vault.ts'

export interface Ground {
  readonly aws: OperatorAccount
  readonly vaultServer: VaultServer
  /** Before the server; it keeps what was asked. */
  readonly vault: Gateway
  readonly kubernetes: Kubernetes
  /** Of the operator's own files. */
  readonly home: string
  /** Everything that the operator has set. */
  readonly env: Readonly<Record<string, string>>
  iamRa(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ChildRun>
  /** A line as the operator types it, with `iam-ra`, `kubectl` and `aws` on PATH. */
  shell(line: string, env?: Readonly<Record<string, string>>): Promise<ChildRun>
  stop(): Promise<void>
}

/** The program from its source, as a child. */
export const PROGRAM = [process.execPath, join(ROOT, 'src/iam-ra.ts')] as const

export async function startGround(): Promise<Ground> {
  const home = scratchFolder('operator')
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one()
  }
  try {
    const python = pythonEnvironment()
    const starting = [
      startOperatorAccount(python, home, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' }),
      startVault(),
      startKubernetes(),
    ] as const
    for (const one of await Promise.allSettled(starting)) {
      if (one.status === 'fulfilled') stops.push('close' in one.value ? one.value.close : one.value.stop)
    }
    const [aws, vaultServer, kubernetes] = await Promise.all(starting)
    const vault = await startGateway(vaultServer.url)
    stops.push(() => vault.close())
    const made = await vaultServer.write('auth/token/create', { policies: ['root'], ttl: '2h' })
    const env = {
      ...aws.env,
      HOME: home,
      PATH: `${programs(home, python)}:/usr/bin:/bin`,
      KUBECONFIG: join(home, 'kubeconfig'),
      // A program that is started often is compiled once.
      NODE_COMPILE_CACHE: join(home, 'compiled'),
      VAULT_ADDR: vault.url,
      VAULT_TOKEN: (made['auth'] as { client_token: string }).client_token,
    }
    writeFileSync(env.KUBECONFIG, kubernetes.kubeconfig(), { mode: 0o600 })
    return {
      ...{ aws, vaultServer, vault, kubernetes, home, env, stop },
      iamRa: (args, more = {}) => runChild(PROGRAM[0], [PROGRAM[1], ...args], { ...env, ...more }),
      shell: (line, more = {}) => runChild('/bin/bash', ['-o', 'pipefail', '-c', line], { ...env, ...more }),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A directory for PATH. */
function programs(home: string, python: string): string {
  const directory = join(home, 'bin')
  mkdirSync(directory)
  symlinkSync(requireServer('kubectl'), join(directory, 'kubectl'))
  const [node, entry] = PROGRAM
  writeFileSync(join(directory, 'iam-ra'), `#!/bin/sh\nexec ${node} ${entry} "$@"\n`, { mode: 0o755 })
  // Debian's is too old to read the endpoints from the environment.
  writeFileSync(join(directory, 'aws'), `#!/bin/sh\nexec ${python} -m awscli "$@"\n`, { mode: 0o755 })
  return directory
}
