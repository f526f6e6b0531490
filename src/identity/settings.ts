/** How to log in to Vault. */
import type { VaultServer } from '../vault/client.ts'

export interface VaultLogin extends VaultServer {
  readonly role: string
  readonly authMethod: 'kubernetes' | 'jwt'
  /** Without `auth/` and without slashes at the ends. */
  readonly authMount: string
}

/** The same with the file of the token. */
export interface LoginSettings extends VaultLogin {
  readonly tokenFile: string
}
