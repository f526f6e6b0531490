/** A real Vault with a name of its own in the node's network: on loopback for who has its root token, behind a relay for pods. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Authority } from '../rig/emulators/authority.ts'
import { startVault, type VaultServer } from '../rig/servers/vault.ts'
import { certificateFor } from '../support/server-certificate.ts'
import { ADDRESSES, RUN } from './ground.ts'
import { createRelay, type Relay } from './relay.ts'

const PORT = 8200
const FOLDER = join(RUN, 'vault')

export interface NamedVault {
  readonly server: VaultServer
  /** On loopback. */
  readonly url: string
  readonly caFile: string
  /** Where pods reach it, on the node's address; closed at first. */
  readonly relay: Relay
  stop(): Promise<void>
}

export async function startNamedVault(authority: Authority, name: string): Promise<NamedVault> {
  const { key, cert } = certificateFor(authority, { dns: [name], ips: ['127.0.0.1'] })
  const caFile = vaultFile('ca.crt', `${authority.pem}\n`)
  const server = await startVault({
    config: `listener "tcp" {
  address = "127.0.0.1:${PORT}"
  tls_cert_file = "${vaultFile('tls.crt', `${cert}\n${authority.pem}\n`)}"
  tls_key_file = "${vaultFile('tls.key', key)}"
}`,
  })
  const relay = createRelay(ADDRESSES.node, PORT, PORT)
  return {
    ...{ server, caFile, relay },
    url: `https://127.0.0.1:${PORT}`,
    async stop() {
      await relay.close()
      await server.stop()
    },
  }
}

/** @returns the path of a file beside Vault's own, for this user alone */
export function vaultFile(name: string, text: string): string {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
