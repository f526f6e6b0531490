/** A workload as the tests onboard it. */
import type { Mode } from '../../../src/onboarding/kubernetes/manifests/credentials-pod.ts'
import type { SampleKind } from '../../../src/onboarding/kubernetes/manifests/sample.ts'
import type { Workload } from '../../../src/onboarding/kubernetes/manifests/workload.ts'
import type { VaultOperator, VaultSource } from '../../../src/onboarding/kubernetes/objects.ts'

export const MODES: readonly Mode[] = ['init', 'renew', 'serve', 'imds']
export const SAMPLES: readonly SampleKind[] = ['pod', 'deployment', 'job']

export const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

export const VAULT: VaultSource = {
  ...{ kind: 'vault', address: 'https://vault.example:8200', ca: CA, audience: 'vault' },
  ...{ authMount: 'kubernetes-prod', authRole: 'shop', pkiMount: 'pki-prod', pkiRole: 'iam-ra-prod' },
}

export const OPERATOR: VaultOperator = {
  ...{ role: 'vault-secrets-operator', account: 'vault-secrets-operator', audience: 'vault' },
  ...{ mount: 'secret', path: 'iam-ra/shop/pay' },
}

export interface WorkloadWishes extends Partial<
  Pick<Workload, 'workload' | 'namespace' | 'account' | 'accountIsForeign' | 'role' | 'source'>
> {
  /** Default none: the ARNs are in the ConfigMap. */
  readonly operator?: VaultOperator | undefined
  readonly sample?: SampleKind | 'none'
  readonly mode?: Mode
  readonly image?: string
  readonly hours?: number
}

export function workloadOf(wishes: WorkloadWishes = {}): Workload {
  const { sample = 'pod', mode = 'init', image, hours, workload = 'pay', operator, ...others } = wishes
  return {
    ...{ installation: 'default', cluster: 'prod', namespace: 'shop', workload, account: workload },
    ...{ accountIsForeign: false, role: 'admin' },
    arns: {
      anchor: 'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a',
      profile: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/p',
      role: 'arn:aws:iam::111122223333:role/iam-ra/default/iam-ra-admin',
    },
    sample: sample === 'none' ? undefined : { kind: sample, mode, image, hours },
    ...others,
    source: { ...(others.source ?? VAULT), operator },
  }
}
