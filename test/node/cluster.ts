/** A cluster of one node with what the examples need in it: Vault, AWS, DNS, and the Secrets as the operator writes them. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ROOT } from '../../scripts/checks/files.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { requireServer } from '../rig/servers/build.ts'
import { createAuthority, type Authority } from '../rig/emulators/authority.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { readAuthority } from './authority.ts'
import {
  imagesFolder,
  PRINTED,
  printedArchive,
  TAGS,
  type ImageName,
  type PrintedName,
} from './build-images.ts'
import { NAMES, startCloud, type Cloud } from './cloud.ts'
import { startDns } from './dns.ts'
import { ADDRESSES, RUN } from './ground.ts'
import { startNode, type Node } from './node.ts'
import { startVaultOfNode, type Binding, type VaultOfNode } from './vault.ts'

/** A cluster as pods are looked at in it. */
export interface Asked extends Pick<Node, 'request'> {
  /** @param input for its standard input @throws Error with what it wrote to stderr */
  kubectl(args: readonly string[], input?: string): Promise<string>
}

export interface Cluster extends Node, Asked {
  readonly vault: VaultOfNode
  readonly cloud: Cloud
  /** The CA of cert-manager's Issuer; the trust anchor holds it besides Vault's root. */
  readonly issuer: Authority
  /** Applies what kustomize makes of the folder. @throws Error where the API server warns, too */
  apply(folder: string): Promise<void>
}

/** A namespace that has everything but a role in Vault. */
export const STRANGER = 'stranger'

interface ClusterOptions {
  /** Images by the names that manifests have, which trust the authority by themselves. Default: those that overlay/ names. */
  readonly printed?: boolean
  /** Which accounts Vault knows. Default: those of the reference. */
  readonly bindings?: readonly Binding[]
}

/** Vault is up, and not to be reached before its relay is opened. */
export async function startCluster({ printed = false, bindings }: ClusterOptions = {}): Promise<Cluster> {
  const archives = printed
    ? [join(imagesFolder(), 'sandbox.tar'), ...(Object.keys(PRINTED) as PrintedName[]).map(printedArchive)]
    : (Object.keys(TAGS) as ImageName[]).map((name) => join(imagesFolder(), `${name}.tar`))
  const closing: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const node = await startNode(archives, TAGS.sandbox)
    closing.push(node.stop)
    const authority = printed
      ? readAuthority(imagesFolder())
      : createAuthority({ commonName: 'Authority of the run', nowMs: Date.now() })
    const kubectl = kubectlOf(node)
    const apply = async (path: string): Promise<void> => {
      const made = await run(requireServer('kustomize'), ['build', join(ROOT, path)])
      await kubectl(['apply', '--filename', '-', '--warnings-as-errors'], made)
    }
    await apply('k8s/vault')
    const vault = await startVaultOfNode(node, authority, bindings)
    closing.push(vault.stop)
    const issuer = createAuthority({ commonName: "CA of cert-manager's Issuer", nowMs: Date.now() })
    const cloud = await startCloud(authority, [vault.anchor, issuer.pem])
    closing.push(cloud.close)
    const dns = await startDns(NAMES, ADDRESSES.node, 53)
    closing.push(dns.close)
    await apply('k8s/examples/frontend')
    await node.request('POST', '/api/v1/namespaces', { metadata: { name: STRANGER } })
    await node.request('POST', `/api/v1/namespaces/${STRANGER}/serviceaccounts`, {
      metadata: { name: EXAMPLE.serviceAccount },
    })
    for (const namespace of [EXAMPLE.namespace, STRANGER]) await fill(node, namespace, authority.pem)
    return { ...node, vault, cloud, issuer, kubectl, apply, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What the operator makes of k8s/vault-secrets-operator, and the authority's certificate for Vault and for AWS. */
async function fill(node: Node, namespace: string, ca: string): Promise<void> {
  const arns = { role: EXAMPLE.roleArn, anchor: EXAMPLE.anchorArn, profile: EXAMPLE.profileArn }
  for (const [name, arn] of Object.entries(arns)) {
    await node.request('POST', `/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name: `${name}-arn` },
      stringData: { arn },
    })
  }
  for (const name of ['vault-ca', 'aws-ca']) {
    await node.request('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name },
      data: { 'ca.crt': `${ca}\n` },
    })
  }
}

export function kubectlOf(node: Node): Asked['kubectl'] {
  return (args, input) =>
    run(requireServer('kubectl'), ['--kubeconfig', node.kubeconfig('admin'), ...args], input)
}

/** DNS and AWS are in this process: it must not stand still while a child asks them. */
function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: cleanEnv({ HOME: RUN }) })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output.stdout)
      else
        reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? 'a signal'}: ${output.stderr}`))
    })
    // A child that ends before it has read all of it says why by itself.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** Looks until `found` gives something. @throws Error with `describe`, after about a minute */
export async function until<Found>(
  what: string,
  found: () => Promise<Found | undefined>,
  describe: () => Promise<string>,
): Promise<Found> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const value = await found()
    if (value !== undefined) return value
    await delay(200)
  }
  throw new Error(`${what} did not come about:\n${await describe()}`)
}
