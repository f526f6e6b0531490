/** Two real Vaults on one etcd: an active node, and a standby that redirects since there is no cluster port between them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireServer } from './build.ts'
import { api } from './api.ts'
import {
  freePort,
  scratchFolder,
  startProcess,
  untilReady,
  type ServerProcess,
} from '../processes/process.ts'
import { startEtcd } from './etcd.ts'
import type { VaultServer } from './vault.ts'

export interface VaultPair {
  /** The active node; `stop` ends all three servers. */
  readonly active: VaultServer
  readonly standbyUrl: string
}

export async function startVaultPair(): Promise<VaultPair> {
  const folder = scratchFolder('standby')
  const servers: ServerProcess[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers.reverse()) await server.stop()
  }
  try {
    const etcd = await startEtcd(folder, servers)
    const active = await startNode('active', folder, etcd, servers)
    const { json } = await api('PUT', `${active}/v1/sys/init`, {
      body: { secret_shares: 1, secret_threshold: 1 },
    })
    const [key] = json['keys'] as string[]
    const headers = { 'X-Vault-Token': json['root_token'] as string }
    const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
      const answer = await api(method, `${active}/v1/${path}`, { headers, body })
      if (answer.status > 299) throw new Error(`Vault answered ${answer.status} to ${method} ${path}`)
      return answer.json
    }
    await unseal(active, key, 200, servers)
    const standbyUrl = await startNode('standby', folder, etcd, servers)
    await unseal(standbyUrl, key, 429, servers)
    return {
      active: {
        url: active,
        write: (path, data) => ask('PUT', path, data),
        read: (path) => ask('GET', path),
        list: async (path) => ((await ask('LIST', path))['data'] as { keys: string[] }).keys,
        seal: async () => {
          await ask('PUT', 'sys/seal')
        },
        unseal: () => unseal(active, key, 200, servers),
        stop,
      },
      standbyUrl,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Its address is what the other node redirects to while this one is active. */
async function startNode(
  name: string,
  folder: string,
  etcd: string,
  servers: ServerProcess[],
): Promise<string> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const config = join(folder, `${name}.hcl`)
  writeFileSync(
    config,
    `storage "etcd" {
  address    = "${etcd}"
  etcd_api   = "v3"
  ha_enabled = "true"
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_disable = true
}
api_addr = "${url}"
disable_clustering = true
disable_mlock = true
`,
  )
  const node = startProcess(requireServer('vault'), ['server', `-config=${config}`, '-log-level=warn'], {
    HOME: folder,
    PATH: '/usr/bin:/bin',
  })
  servers.push(node)
  await untilReady(`Vault (${name})`, node, async () => (await health(url)) > 0)
  return url
}

async function unseal(
  url: string,
  key: string | undefined,
  wanted: number,
  servers: readonly ServerProcess[],
): Promise<void> {
  await api('PUT', `${url}/v1/sys/unseal`, { body: { key } })
  const node = servers.at(-1)
  if (node !== undefined) await untilReady('Vault', node, async () => (await health(url)) === wanted)
}

/** 200 active, 429 standby, 503 sealed: https://developer.hashicorp.com/vault/api-docs/system/health */
async function health(url: string): Promise<number> {
  return (await api('GET', `${url}/v1/sys/health`)).status
}
