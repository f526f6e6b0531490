/**
 * The reference set-up on real servers: a kube-apiserver that issues and reviews the pod's token, and a Vault that is
 * subordinate to a root which the emulated Roles Anywhere has as its trust anchor. To a run it looks like the emulated stage.
 */
import { EXAMPLE, startStage, type Stage } from '../emulators/stage.ts'
import { startKubernetes, type Kubernetes } from './kubernetes.ts'
import {
  enableAuth,
  jwtConfig,
  JWT_ROLE,
  kubernetesConfig,
  KUBERNETES_ROLE,
  pkiRole,
  setUpPki,
  type Binding,
} from './reference-vault.ts'
import { startGateway } from './gateway.ts'
import { startVault, type VaultServer } from './vault.ts'

export interface Reference extends Pick<
  Stage,
  'vault' | 'rolesAnywhere' | 'rolesAnywhereEmulator' | 'sts' | 's3' | 'sessions' | 'token' | 'env' | 'close'
> {
  /** Vault itself, as root; `vault` is a relay before it that keeps what runs ask. */
  readonly server: VaultServer
  readonly kubernetes: Kubernetes
  /** PEM of the trust anchor. */
  readonly anchor: string
  /** Of Vault's reviewer: it lasts an hour. */
  readonly reviewer: string
  /** The auth mounts `kubernetes` and `jwt`, in this order. */
  readonly bindings: readonly Binding[]
  /** A fresh token for the audience vault. */
  podToken(namespace: string, account: string): Promise<string>
}

export async function startReference(): Promise<Reference> {
  const stops: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop()
  }
  const started = async <T extends { close(): Promise<void> } | { stop(): Promise<void> }>(
    starting: Promise<T>,
  ): Promise<T> => {
    const server = await starting
    stops.push(() => ('close' in server ? server.close() : server.stop()))
    return server
  }
  try {
    const starting = [started(startStage()), started(startVault()), started(startKubernetes())] as const
    // Where one does not start, those that did can be stopped.
    await Promise.allSettled(starting)
    const [stage, server, kubernetes] = await Promise.all(starting)
    // Its AWS half is what is wanted.
    await stage.vault.close()
    const vault = await started(startGateway(server.url))
    const anchor = await setUpPki(server)
    stage.rolesAnywhereEmulator.options.anchors = [{ arn: EXAMPLE.anchorArn, certificates: [anchor] }]
    const reviewer = await addReviewer(kubernetes)
    await kubernetes.makeServiceAccount(EXAMPLE.namespace, EXAMPLE.serviceAccount)
    const bindings = [
      await addKubernetesMount(server, 'kubernetes', EXAMPLE.cluster, kubernetes, reviewer),
      await addJwtMount(server, 'jwt', EXAMPLE.cluster, kubernetes),
    ]
    await bind(server, bindings)
    const { namespace, serviceAccount, audience } = EXAMPLE
    // As long as the kubelet's default for a projected volume.
    const token = await kubernetes.token(namespace, serviceAccount, audience, 3600)
    const { rolesAnywhere, rolesAnywhereEmulator, sts, s3, sessions, env } = stage
    return {
      ...{ rolesAnywhere, rolesAnywhereEmulator, sts, s3, sessions, vault, server, kubernetes, anchor },
      ...{ reviewer, bindings },
      env: { ...env, VAULT_ADDR: vault.url },
      token: () => token,
      podToken: (itsNamespace, account) => kubernetes.token(itsNamespace, account, audience),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The account that Vault asks TokenReview as. @returns its token, for the API server's own audience */
export async function addReviewer(kubernetes: Kubernetes): Promise<string> {
  await kubernetes.makeServiceAccount('vault', 'reviewer')
  await kubernetes.allowReview('vault', 'reviewer')
  return await kubernetes.token('vault', 'reviewer', kubernetes.issuer, 3600)
}

export async function addKubernetesMount(
  vault: VaultServer,
  mount: string,
  cluster: string,
  kubernetes: Pick<Kubernetes, 'url' | 'ca'>,
  reviewer: string,
): Promise<Binding> {
  const accessor = await enableAuth(vault, mount, 'kubernetes', kubernetesConfig(kubernetes, reviewer))
  await vault.write(`auth/${mount}/role/${EXAMPLE.vaultRole}`, KUBERNETES_ROLE)
  return { accessor, cluster }
}

export async function addJwtMount(
  vault: VaultServer,
  mount: string,
  cluster: string,
  kubernetes: Kubernetes,
  config = jwtConfig(kubernetes),
): Promise<Binding> {
  const accessor = await enableAuth(vault, mount, 'jwt', config)
  await vault.write(`auth/${mount}/role/${EXAMPLE.vaultRole}`, JWT_ROLE)
  return { accessor, cluster }
}

/** The PKI role for exactly these auth mounts. */
export async function bind(vault: VaultServer, bindings: readonly Binding[]): Promise<void> {
  await vault.write(`${EXAMPLE.pkiMount}/roles/${EXAMPLE.pkiRole}`, pkiRole(bindings))
}
