/** Where credentials come from. */
import type { CertificateSettings, MountedCertificateSettings } from '../certificate/settings.ts'
import type { ExchangeSettings } from '../exchange/create-session.ts'
import type { LoginSettings } from '../identity/login.ts'
import type { VaultAwsSettings } from '../vault-aws/lease-credentials.ts'

/** Where the credentials come from. */
export type CredentialsSource =
  | {
      readonly kind: 'vault-pki'
      readonly vault: LoginSettings
      readonly certificate: CertificateSettings
      readonly exchange: ExchangeSettings
    }
  | {
      readonly kind: 'mounted-certificate'
      readonly certificate: MountedCertificateSettings
      readonly exchange: ExchangeSettings
    }
  | { readonly kind: 'vault-aws'; readonly vault: LoginSettings; readonly aws: VaultAwsSettings }
