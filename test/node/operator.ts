/**
 * What an operator has before the first command: a cluster of one node, a Vault outside of it and an AWS account, all empty, each
 * under its own name; and a shell.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import type { Authority } from '../rig/emulators/authority.ts'
import type { EmulatorRequest, EmulatorResponse } from '../rig/emulators/http.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { createSts } from '../rig/emulators/sts.ts'
import { runChild, type ChildRun } from '../rig/processes/child.ts'
import { requireServer } from '../rig/servers/build.ts'
import { forward } from '../rig/servers/gateway.ts'
import { startOperatorAccount, type OperatorAccount } from '../rig/servers/operator-account.ts'
import { readAuthority } from './authority.ts'
import { imagesFolder, PRINTED, printedArchive, TAGS, type PrintedName } from './build-images.ts'
import { hostServices } from './cloud.ts'
import { kubectlOf, type Asked } from './cluster.ts'
import { startDns } from './dns.ts'
import { ADDRESSES, command, RUN } from './ground.ts'
import { startNode } from './node.ts'
import { startNamedVault } from './vault-server.ts'

export interface Operator extends Asked {
  /** A line as the operator types it, with `iam-ra` and `kubectl` on PATH. */
  shell(line: string): Promise<ChildRun>
  stop(): Promise<void>
}

/** What makes a namespace enforce that Pod Security Standard; `default` has it. */
export const RESTRICTED = 'pod-security.kubernetes.io/enforce=restricted'

const VAULT = 'vault.example.com'
const HOSTS = {
  // One for all regions.
  iam: 'iam.amazonaws.com',
  sts: `sts.${EXAMPLE.region}.amazonaws.com`,
  rolesanywhere: `rolesanywhere.${EXAMPLE.region}.amazonaws.com`,
} as const

export async function startOperator(): Promise<Operator> {
  const closing: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const printed = (Object.keys(PRINTED) as PrintedName[]).map(printedArchive)
    const node = await startNode([join(imagesFolder(), 'sandbox.tar'), ...printed], TAGS.sandbox)
    closing.push(node.stop)
    const authority = readAuthority(imagesFolder())
    const vault = await startNamedVault(authority, VAULT)
    closing.push(vault.stop)
    await vault.relay.open()
    const account = await startOperatorAccount(python(), RUN, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' })
    closing.push(account.close)
    closing.push(await hostAws(authority, account), await startNames())
    const kubectl = kubectlOf(node)
    await kubectl(['label', 'namespace', 'default', RESTRICTED])
    const { auth } = await vault.server.write('auth/token/create', { policies: ['root'], ttl: '2h' })
    const env = {
      // Its keys and region; the endpoints are found by their names.
      ...withoutEndpoints(account.env),
      AWS_CA_BUNDLE: vault.caFile,
      VAULT_ADDR: `https://${VAULT}:8200`,
      VAULT_CACERT: vault.caFile,
      VAULT_TOKEN: (auth as { client_token: string }).client_token,
      IAM_RA_IMAGE: PRINTED['aws-iam-ra'],
      KUBECONFIG: node.kubeconfig('admin'),
      HOME: RUN,
      PATH: `${programs()}:/usr/bin:/bin`,
    }
    return {
      request: node.request,
      kubectl,
      shell: (line) => runChild('/bin/bash', ['-o', 'pipefail', '-c', line], env),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function python(): string {
  const path = process.env['IAM_RA_PYTHON']
  if (path === undefined) throw new Error('IAM_RA_PYTHON names no Python with moto: run npm run test:e2e')
  return path
}

function withoutEndpoints(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_ENDPOINT_URL')))
}

/** @returns what closes it */
async function hostAws(
  authority: Authority,
  { gate, rolesAnywhere, sessions }: OperatorAccount,
): Promise<() => Promise<void>> {
  const ofSessions = createSts({ now: Date.now, region: EXAMPLE.region, sessions })
  const handlers = {
    iam: (request: EmulatorRequest) => forward(gate.url, request),
    // moto knows the operator, and not the sessions of the emulated Roles Anywhere.
    sts: async (request: EmulatorRequest): Promise<EmulatorResponse> => {
      const key = /Credential=(\w+)/.exec(request.header('authorization') ?? '')?.[1] ?? ''
      return sessions.find(key) === undefined ? await forward(gate.url, request) : ofSessions(request)
    },
    rolesanywhere: (request: EmulatorRequest) => rolesAnywhere.handle(request),
  }
  return await hostServices(
    authority,
    (Object.entries(HOSTS) as [keyof typeof HOSTS, string][]).map(([service, name]) => ({
      ...{ name, address: ADDRESSES[service], handler: handlers[service] },
    })),
  )
}

/** The operator's machine asks the same DNS as the pods. @returns what closes it */
async function startNames(): Promise<() => Promise<void>> {
  const names = Object.entries(HOSTS).map(([service, name]) => {
    return [name, ADDRESSES[service as keyof typeof HOSTS]] as const
  })
  const dns = await startDns(new Map([[VAULT, ADDRESSES.node], ...names]), ADDRESSES.node, 53)
  const file = join(RUN, 'resolv.conf')
  writeFileSync(file, `nameserver ${ADDRESSES.node}\n`)
  command('mount', '--bind', file, '/etc/resolv.conf')
  return () => dns.close()
}

/** A directory for PATH. */
function programs(): string {
  const directory = join(RUN, 'bin')
  mkdirSync(directory)
  symlinkSync(requireServer('kubectl'), join(directory, 'kubectl'))
  const script = `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'src/iam-ra.ts')} "$@"\n`
  writeFileSync(join(directory, 'iam-ra'), script, { mode: 0o755 })
  return directory
}
