/** A real Vault: in memory, initialised and unsealed, with a root token that only the test knows. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireServer } from './build.ts'
import { api } from './api.ts'
import { freePort, scratchFolder, startProcess, untilReady } from '../processes/process.ts'

export interface VaultServer {
  readonly url: string
  /** As root. @throws Error that names path, status and what Vault said, for an answer above 299 */
  write(path: string, data: object): Promise<Record<string, unknown>>
  read(path: string): Promise<Record<string, unknown>>
  list(path: string): Promise<readonly string[]>
  seal(): Promise<void>
  unseal(): Promise<void>
  stop(): Promise<void>
}

export interface VaultServerOptions {
  /** The `storage` stanza. Default in memory. */
  readonly storage?: string
  /** Further lines of its configuration. */
  readonly config?: string
}

export async function startVault(options: VaultServerOptions = {}): Promise<VaultServer> {
  const folder = scratchFolder('vault')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const config = join(folder, 'vault.hcl')
  writeFileSync(
    config,
    `${options.storage ?? 'storage "inmem" {}'}
listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_disable = true
}
api_addr = "${url}"
disable_mlock = true
${options.config ?? ''}
`,
  )
  const server = startProcess(requireServer('vault'), ['server', `-config=${config}`, '-log-level=warn'], {
    HOME: folder,
    PATH: '/usr/bin:/bin',
  })
  const system = (path: string, body: object): ReturnType<typeof api> =>
    api('PUT', `${url}/v1/sys/${path}`, { body })
  try {
    await untilReady('Vault', server, async () => (await api('GET', `${url}/v1/sys/health`)).status > 0)
    const { json } = await system('init', { secret_shares: 1, secret_threshold: 1 })
    const [key] = json['keys'] as string[]
    const token = json['root_token'] as string
    const unseal = async (): Promise<void> => {
      await system('unseal', { key })
      await untilReady('Vault', server, async () => (await api('GET', `${url}/v1/sys/health`)).status === 200)
    }
    await unseal()
    const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
      const answer = await api(method, `${url}/v1/${path}`, { headers: { 'X-Vault-Token': token }, body })
      if (answer.status > 299) {
        throw new Error(
          `Vault answered ${answer.status} to ${method} ${path}: ${JSON.stringify(answer.json)}`,
        )
      }
      return answer.json
    }
    return {
      url,
      write: (path, data) => ask('PUT', path, data),
      read: (path) => ask('GET', path),
      list: async (path) => {
        const answer = await api('LIST', `${url}/v1/${path}`, { headers: { 'X-Vault-Token': token } })
        const data = answer.json['data'] as { keys?: string[] } | undefined
        return data?.keys ?? []
      },
      seal: async () => {
        await ask('PUT', 'sys/seal')
      },
      unseal,
      stop: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}
