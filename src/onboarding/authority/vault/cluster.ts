/** What a cluster has in Vault before any workload: an auth mount, a PKI mount below the root, a PKI role and its policy. */
import { dirname, resolve } from 'node:path'
import type { Cluster } from '../../aws/owned.ts'
import type { KubeContext } from '../../kubernetes/kubectl.ts'
import { clusterObjects } from '../../kubernetes/manifests/cluster.ts'
import { joined, type Plan } from '../../plan/step.ts'
import { mistake } from '../../vault/error.ts'
import { readPem, readText, type InputFiles } from '../../vault/files.ts'
import { makePlan } from '../../vault/plan.ts'
import { planAuthConfig } from '../../vault/plan-auth-config.ts'
import { REFERENCE } from '../../vault/reference.ts'
import { paths } from '../../vault/resources.ts'
import { parseSetup, type ClusterSetup } from '../../vault/setup.ts'
import { readState, type State } from '../../vault/state.ts'
import type { Wishes } from '../../vault/step.ts'
import type { ClusterSetUp } from '../authority.ts'
import { appliedTo, refused } from './client.ts'
import { issuerBelow, readIssuer } from './issuer.ts'
import { AUDIENCE, defaultSetup, ROOT_MOUNT, wordsOf } from './names.ts'
import { findNamesakes, findRootMount } from './other-mounts.ts'
import { expiryNotes, missingNote, requestedFrom, reviewerOf, type ReviewerWork } from './reviewer.ts'

export interface ClusterWishes {
  /** Of Vault Enterprise or HCP Vault. */
  readonly vaultNamespace?: string | undefined
  /** Vault's, as pods reach it. */
  readonly address: URL
  /** As `--setup` names it; its names then count. */
  readonly setupFile?: string | undefined
  /** Default: Vault's own account if Vault is in the cluster by its address, else one whose token Vault gets. */
  readonly reviewer?: 'vault' | 'token' | undefined
  /** The API server's address as Vault reaches it. Default: the kubeconfig context's. */
  readonly apiServer?: string | undefined
  /** PEM of its CA. Default: the kubeconfig context's. */
  readonly apiCa?: string | undefined
  /** Where to look first for the root. */
  readonly rootMount?: string | undefined
}

export interface ClusterWork extends ReviewerWork {
  readonly installation: string
  /** PEM of the CA of Vault's server certificate. */
  readonly vaultCa: string | undefined
  readonly wishes: ClusterWishes
  readonly files: InputFiles
  /** PEM of the trust anchor. */
  readonly anchor: string
  readonly nowMs: number
  /** Whether Vault gets a token although it has one. */
  readonly replacesToken: boolean
  context(): Promise<Pick<KubeContext, 'server' | 'ca'>>
}

type ClusterName = Pick<Cluster, 'name' | 'namespace'>

interface Wanted {
  readonly setup: ClusterSetup
  /** PEM of the API server's CA. */
  readonly ca: string | undefined
}

/** @throws IamRaError */
export async function setUpCluster(work: ClusterWork, cluster: ClusterName): Promise<ClusterSetUp> {
  const { vault, wishes } = work
  const wanted = await wantedSetup(work, cluster.name)
  const { setup } = wanted
  const names = {
    address: wishes.address.origin,
    authMount: setup.kubernetes.mount,
    pkiMount: setup.pki.mount,
    pkiRole: setup.pki.role,
    vaultNamespace: wishes.vaultNamespace,
  }
  const objects = clusterObjects({
    ...{ installation: work.installation, cluster: cluster.name, namespace: cluster.namespace },
    source: { kind: 'vault', audience: AUDIENCE, ca: work.vaultCa, ...names },
    reviewer: hasReviewer(setup),
  })
  const state = await readState(vault, setup, REFERENCE)
  const problems = [...elsewhere(setup, state), ...(await findNamesakes(vault, setup, state, work.anchor))]
  const plan = problems.length > 0 ? refused(...problems) : await planCluster(work, cluster, wanted, state)
  return { plan, words: wordsOf(names), objects }
}

async function planCluster(
  work: ClusterWork,
  cluster: ClusterName,
  { setup, ca }: Wanted,
  state: State,
): Promise<Plan> {
  const { vault, anchor, nowMs } = work
  const rootMount = await findRootMount(vault, state, anchor, work.wishes.rootMount ?? ROOT_MOUNT)
  const account = reviewerOf(cluster)
  const wishes: Wishes = {
    ...{ rotate: false, reviewerToken: false, replaceReviewerToken: false },
    requested: requestedFrom(account),
    ...(ca === undefined ? {} : { ca }),
    ...(rootMount === undefined ? { unsigned: unsigned(setup, work.wishes.setupFile) } : { rootMount }),
  }
  const isAsked = lacksToken(setup, wishes, state) || (work.replacesToken && hasReviewer(setup))
  const reviewerToken = isAsked ? await work.reviewer.find(account) : undefined
  const isGiven = reviewerToken !== undefined
  const given = { ...wishes, reviewerToken: isGiven, replaceReviewerToken: isGiven }
  const all = makePlan(setup, REFERENCE, given, state, nowMs)
  const plan = appliedTo({ vault, setup, reviewerToken, writeFile: noFile }, all)
  const notes = [
    ...(isAsked && !isGiven ? [missingNote(cluster)] : []),
    ...expiryNotes(cluster, work.reviewer.requested()),
    ...unreachable(work.wishes.address),
  ]
  return joined(plan, { steps: [], notes, problems: await wrongIssuer(work, setup, state) })
}

/** A signing certificate that is there may be of another installation. */
async function wrongIssuer(
  { vault, anchor, nowMs }: ClusterWork,
  { pki }: ClusterSetup,
  { defaultIssuer }: State,
): Promise<readonly string[]> {
  const issuer = defaultIssuer === '' ? undefined : await readIssuer(vault, pki.mount)
  if (issuer === undefined) return []
  const name = issuerBelow(pki.mount, issuer, anchor, nowMs)
  return 'wrong' in name ? [`${name.wrong}: ${otherIssuer(pki.mount)}`] : []
}

export function otherIssuer(pkiMount: string): string {
  return `have ${pkiMount} certified by that root (iam-ra vault setup --rotate with a --setup FILE), or name another pki.mount in a --setup FILE`
}

function hasReviewer({ kubernetes }: ClusterSetup): boolean {
  return kubernetes.reviewer === 'token'
}

function lacksToken(setup: ClusterSetup, wishes: Wishes, state: State): boolean {
  if (!hasReviewer(setup)) return false
  const config = state.found.get(paths.authConfig(setup))
  return (
    config?.['token_reviewer_jwt_set'] !== true || planAuthConfig(setup, wishes, state).problems.length > 0
  )
}

/** Another cluster's auth mount must never be given this one's API server. */
function elsewhere(setup: ClusterSetup, { found }: State): readonly string[] {
  const { mount, host } = setup.kubernetes
  const asked = found.get(paths.authConfig(setup))?.['kubernetes_host']
  if (typeof asked !== 'string' || asked === '' || trimmed(asked) === trimmed(host)) return []
  return [
    `auth/${mount} asks the API server ${asked}, not ${host}: there is a cluster of the same name elsewhere. Choose another cluster name; if it is this cluster at a new address, write it first: vault write auth/${mount}/config kubernetes_host=${host}`,
  ]
}

function trimmed(address: string): string {
  return address.replace(/\/$/, '')
}

async function wantedSetup(work: ClusterWork, cluster: string): Promise<Wanted> {
  const {
    address,
    vaultNamespace,
    setupFile,
    reviewer = reviewerFor(address),
    apiServer,
    apiCa,
  } = work.wishes
  const place = { address: address.origin, vaultNamespace }
  if (setupFile !== undefined) return await setupFromFile(work, setupFile, cluster)
  if (reviewer === 'vault') {
    const host = apiServer ?? 'https://kubernetes.default.svc'
    return { setup: defaultSetup(cluster, { ...place, host, reviewer }), ca: apiCa }
  }
  const context = apiServer === undefined || apiCa === undefined ? await work.context() : undefined
  const host = checkedHost(apiServer ?? context?.server ?? '')
  const setup = defaultSetup(cluster, { ...place, host, reviewer })
  return { setup, ca: apiCa ?? context?.ca }
}

function reviewerFor({ hostname }: URL): 'vault' | 'token' {
  return /\.svc(\.|$)/.test(hostname) ? 'vault' : 'token'
}

function checkedHost(host: string): string {
  if (/^https:\/\/[^\s/@]+(\/\S*)?$/.test(host)) return trimmed(host)
  throw mistake(`the API server's address ${host} is not an https address`, {
    hint: 'set --api-server to the https address at which Vault reaches the API server',
  })
}

async function setupFromFile({ files }: ClusterWork, file: string, cluster: string): Promise<Wanted> {
  const text = await readText(files, file, 'the setup', 'set --setup to a file such as k8s/vault/setup.json')
  // Namespaces are bound one by one, by k8s onboard: what the file says of them is for vault setup.
  const { cluster: name, kubernetes, pki } = parseSetup(text, file)
  if (name !== cluster) {
    throw mistake(`${file} is the setup of cluster ${name}, not of ${cluster}`, {
      hint: `name the file of ${cluster}, or set up ${name}`,
    })
  }
  if (kubernetes.reviewer === 'clients') {
    throw mistake(`${file} has the reviewer clients, with which pods that onboarding sets up cannot log in`, {
      hint: 'set kubernetes.reviewer to vault or token: docs/vault.md',
    })
  }
  const { caFile } = kubernetes
  const hint =
    "put the API server's CA there: kubernetes.caFile is relative to the directory of the setup file"
  const ca =
    caFile === undefined
      ? undefined
      : await readPem(files, resolve(dirname(file), caFile), 'kubernetes.caFile', hint)
  return { setup: { cluster, kubernetes, pki }, ca }
}

/** The root's key is not in this Vault. */
function unsigned({ pki }: ClusterSetup, setupFile: string | undefined): readonly string[] {
  const { mount, commonName } = pki
  const [request, use] =
    setupFile === undefined
      ? [
          `vault write -field=csr ${mount}/intermediate/generate/internal common_name="${commonName}" exclude_cn_from_sans=true key_type=ec key_bits=256 >pki.csr`,
          `vault write ${mount}/intermediate/set-signed certificate=@pki.pem`,
        ]
      : [
          `iam-ra vault setup --apply --setup ${setupFile} --csr-out pki.csr`,
          `iam-ra vault setup --apply --setup ${setupFile} --signed-cert pki.pem`,
        ]
  return [
    `${mount} signs nothing yet: the root of the trust anchor is not in this Vault. Have it sign a request (1), as a CA with path length 0, and import the certificate, followed by those above it (2)`,
    `1: ${request}`,
    `2: ${use}`,
  ]
}

function unreachable({ hostname, origin }: URL): readonly string[] {
  return /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname)
    ? [`pods cannot reach Vault at ${origin}, which is this machine: give --vault-address`]
    : []
}

function noFile(path: string): Promise<void> {
  throw new Error(`a cluster's plan writes no file, such as ${path}`)
}
