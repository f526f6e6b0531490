/** The source for Vault's AWS secrets engine: log in, request keys; their lease lives as long as the token. */
import type { LoginSettings } from '../identity/settings.ts'
import type { StepDescription } from '../run/watch.ts'
import type { VaultAwsSettings } from '../vault-aws/settings.ts'
import { credentialsFacts } from './facts.ts'
import type { Source } from './source.ts'
import { logIn, LOGIN_PROBE } from './vault-token.ts'

export interface VaultAwsSource {
  readonly vault: LoginSettings
  readonly aws: VaultAwsSettings
}

const KEYS: StepDescription = {
  name: 'vault_aws',
  title: "keys from Vault's AWS engine",
  stage: 'exchange',
  how: 'sends',
  // New keys take a while to work at AWS.
  isLong: true,
}

export function vaultAws({ vault, aws }: VaultAwsSource): Source {
  const sent = {
    path: aws.path,
    role_arn: aws.roleArn?.text,
    duration_s: aws.durationSeconds,
    session_name: aws.sessionName,
  }
  return {
    again: 'logging in again',
    probes: [LOGIN_PROBE, { step: KEYS, lacks: 'Vault token' }],
    async obtain(watch) {
      const token = await logIn(vault, watch)
      try {
        const { lease, ...obtained } = await watch.step({ ...KEYS, sent }, async (step) => {
          const { leaseCredentials } = await import('../vault-aws/lease-credentials.ts')
          const leased = await leaseCredentials(aws, token.session, step)
          step.found({
            kind: leased.lease === undefined ? 'session of a role or user' : 'keys of an IAM user, leased',
            ...credentialsFacts(leased.credentials),
          })
          return leased
        })
        if (lease === undefined) return { ...obtained, revoked: token.end() }
        // The token owns the keys: it is revoked with the lease.
        const held = { ...lease, end: () => token.end(lease) }
        return { ...obtained, lease: held, revoked: Promise.resolve() }
      } catch (error) {
        await token.end()
        throw error
      }
    },
  }
}
