/** The authority that signs for the workloads of an installation. */
import { IamRaError } from '../errors.ts'
import type { Authority } from '../onboarding/authority/authority.ts'
import { openVaultAuthority } from '../onboarding/authority/vault.ts'
import type { Installation } from '../onboarding/aws/installation.ts'
import { readPem } from '../onboarding/vault/files.ts'
import type { OperatorContext } from './context.ts'
import { clusterNameOf, kubectlOf, type ClusterFlags } from './k8s/cluster.ts'
import { warn } from './report.ts'

export interface AuthorityFlags extends ClusterFlags {
  readonly setup?: string
  readonly 'vault-address'?: string
  readonly reviewer?: 'vault' | 'token'
  readonly 'api-server'?: string
  readonly 'api-ca'?: string
  readonly 'root-mount'?: string
  readonly 'replace-reviewer-token'?: boolean
}

/** What the work is about. */
export interface AuthorityWork {
  readonly installation: Installation
  /** The name of the one that is worked on. */
  readonly cluster?: string
  /** To be kept by the authority for the Vault Secrets Operator. */
  readonly arns?: Readonly<Record<string, string>> | undefined
}

/** @throws IamRaError */
export async function withAuthority<T>(
  context: OperatorContext,
  flags: AuthorityFlags,
  { installation, cluster, arns }: AuthorityWork,
  work: (authority: Authority) => Promise<T>,
): Promise<T> {
  const { runtime, interrupt } = context
  const { fs } = runtime
  const apiCa =
    flags['api-ca'] === undefined
      ? undefined
      : await readPem(
          { readFile: (path) => fs.readFile(path) },
          flags['api-ca'],
          '--api-ca',
          "name the file of the CA that signed the API server's certificate, as PEM",
        )
  const authority = openVaultAuthority(
    {
      ...runtime,
      ...{ signal: interrupt, readFile: (path) => fs.readFile(path) },
      warn: (sentence) => warn(runtime, sentence),
    },
    {
      ...{ installation: installation.name, anchor: installation.anchor?.certificates, arns },
      ...{ vaultAddress: flags['vault-address'], setupFile: flags.setup, reviewer: flags.reviewer },
      ...{ apiServer: flags['api-server'], apiCa, rootMount: flags['root-mount'] },
      context: () => kubectlOf(context, flags).context(),
      replaceReviewerToken: flags['replace-reviewer-token'],
      reviewerToken: (account) => reviewerToken(context, flags, account, cluster),
    },
  )
  try {
    return await work(authority)
  } finally {
    authority.close()
  }
}

/** A year: the API server's own limit may be shorter. Vault asks with it at each login of a pod. */
const REVIEWER_SECONDS = 8760 * 3600

/** Only from the cluster itself: the context may be another one. Undefined if it has no such account yet. */
async function reviewerToken(
  context: OperatorContext,
  flags: ClusterFlags,
  account: { readonly namespace: string; readonly name: string },
  cluster: string | undefined,
): Promise<(() => Promise<string>) | undefined> {
  const kubectl = kubectlOf(context, flags)
  const { namespace, name } = account
  const objects = await kubectl.getAll([
    { kind: 'configmap', name: 'iam-ra', namespace },
    { kind: 'serviceaccount', name, namespace },
  ])
  const configMap = objects.find(({ kind }) => kind === 'ConfigMap')
  const current = configMap === undefined ? undefined : clusterNameOf(configMap)
  if (current !== undefined && current !== cluster) {
    throw new IamRaError(
      'SETTINGS_INVALID',
      'settings',
      `the kubeconfig context is cluster ${current}, not ${cluster ?? ''}`,
      {
        hint: 'choose the context of the cluster with --context: Vault needs a token of it',
      },
    )
  }
  if (current === undefined || !objects.some(({ kind }) => kind === 'ServiceAccount')) return undefined
  // Not before it is written: a token of a year that nobody uses would stay valid.
  return () => kubectl.token(account, undefined, REVIEWER_SECONDS)
}
