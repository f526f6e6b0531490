/** What the Vault Secrets Operator needs to bring a workload its ARNs, as k8s/vault-secrets-operator has it. */
import { labelsOf, type KubeObject, type Owner, type VaultOperator, type VaultSource } from '../objects.ts'

export interface OperatorWorkload {
  readonly metadata: KubeObject['metadata']
  /** The Secret that it creates. */
  readonly secret: string
  /** The Deployment that it restarts when an ARN changes. */
  readonly deployment: string | undefined
}

const API = 'secrets.hashicorp.com/v1beta1'
/** Not `vault`, which k8s/vault-secrets-operator has: a namespace may use both. */
const LOGIN = 'iam-ra'
const CA_SECRET = 'iam-ra-vault-ca'
const ARNS = '^(TRUST_ANCHOR_ARN|PROFILE_ARN|ROLE_ARN)$'

/** The same for each workload of a namespace. */
export function sharedObjects(
  owner: Omit<Owner, 'workload'>,
  namespace: string,
  source: VaultSource,
  { role, account, audience }: VaultOperator,
): readonly KubeObject[] {
  const labels = labelsOf({ installation: owner.installation, cluster: owner.cluster })
  const named = (name: string): KubeObject['metadata'] => ({ name, namespace, labels })
  const ca: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: named(CA_SECRET),
    type: 'Opaque',
    data: { 'ca.crt': Buffer.from(source.ca ?? '').toString('base64') },
  }
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: named(account),
      automountServiceAccountToken: false,
    },
    ...(source.ca === undefined ? [] : [ca]),
    {
      apiVersion: API,
      kind: 'VaultConnection',
      metadata: named(LOGIN),
      spec: {
        address: source.address,
        ...(source.ca === undefined ? {} : { caCertSecretRef: CA_SECRET }),
        skipTLSVerify: false,
      },
    },
    {
      apiVersion: API,
      kind: 'VaultAuth',
      metadata: named(LOGIN),
      spec: {
        vaultConnectionRef: LOGIN,
        ...(source.vaultNamespace === undefined ? {} : { namespace: source.vaultNamespace }),
        method: 'kubernetes',
        mount: source.authMount,
        kubernetes: { role, serviceAccount: account, audiences: [audience], tokenExpirationSeconds: 600 },
      },
    },
  ]
}

export function staticSecret(
  { metadata, secret, deployment }: OperatorWorkload,
  { mount, path }: VaultOperator,
): KubeObject {
  return {
    apiVersion: API,
    kind: 'VaultStaticSecret',
    metadata,
    spec: {
      vaultAuthRef: LOGIN,
      type: 'kv-v2',
      mount,
      path,
      refreshAfter: '5m',
      // k8s/vault-secrets-operator says why.
      hmacSecretData: true,
      destination: {
        name: secret,
        create: true,
        transformation: { excludeRaw: true, includes: [ARNS] },
      },
      ...(deployment === undefined
        ? {}
        : { rolloutRestartTargets: [{ kind: 'Deployment', name: deployment }] }),
    },
  }
}
