/** The one list of credential sources: each is a file, loaded on demand. */
import type { MountedCertificateSource } from './mounted-certificate.ts'
import type { Source } from './source.ts'
import type { VaultAwsSource } from './vault-aws.ts'
import type { VaultPkiSource } from './vault-pki.ts'

interface Entry<Settings> {
  open(settings: Settings): Promise<Source>
  /** Whether a long-lived command runs it in its own process, which then holds the Vault token that keeps the lease. */
  readonly holdsLease: boolean
}

export const SOURCES = {
  'vault-pki': {
    open: async (settings) => (await import('./vault-pki.ts')).vaultPki(settings),
    holdsLease: false,
  } satisfies Entry<VaultPkiSource>,
  'mounted-certificate': {
    open: async (settings) => (await import('./mounted-certificate.ts')).mountedCertificate(settings),
    holdsLease: false,
  } satisfies Entry<MountedCertificateSource>,
  'vault-aws': {
    open: async (settings) => (await import('./vault-aws.ts')).vaultAws(settings),
    holdsLease: true,
  } satisfies Entry<VaultAwsSource>,
} as const

type Kind = keyof typeof SOURCES

/** A source's settings, by its kind. */
export type CredentialsSource = {
  [K in Kind]: { readonly kind: K } & Parameters<(typeof SOURCES)[K]['open']>[0]
}[Kind]

export function openSource(settings: CredentialsSource): Promise<Source> {
  // The entry for its own kind.
  const { open } = SOURCES[settings.kind] as Entry<CredentialsSource>
  return open(settings)
}
