/** How to log in to Vault. */
import type { VaultServer } from '../vault/client.ts'

export interface LoginSettings extends VaultServer {
  readonly role: string
  readonly authMethod: 'kubernetes' | 'jwt'
  /** Without `auth/` and without slashes at the ends. */
  readonly authMount: string
  readonly tokenFile: string
}
