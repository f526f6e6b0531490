/** The checks of Vault, in order: the server and the token, the auth mount, the PKI mount, and each namespace's role. */
import { IamRaError } from '../../../errors.ts'
import { clusterOf, type VaultCluster } from '../../authority/vault/names.ts'
import type { KubeContext } from '../../kubernetes/kubectl.ts'
import { textsOf } from '../../authority/vault/role.ts'
import { rolePath } from '../../authority/vault/namespace.ts'
import type { Data } from '../../vault/difference.ts'
import { REFERENCE } from '../../vault/reference.ts'
import { readState } from '../../vault/state.ts'
import type { Vault } from '../../vault/vault.ts'
import type { AwsFacts } from '../aws/examine.ts'
import type { Commands } from '../commands.ts'
import type { Examination } from '../examination.ts'
import { ok, skipped } from '../finding.ts'
import { authFindings, namespaceFindings } from './auth.ts'
import { authorityFindings, pkiRoleFindings, setupOf } from './pki.ts'

interface VaultQuestion {
  readonly aws: AwsFacts | undefined
  /** Undefined if it is not known. */
  readonly context: KubeContext | undefined
  readonly commands: Commands
  readonly nowMs: number
  /** Undefined if no Vault is named. */
  readonly server: VaultWay | undefined
}

export interface VaultWay {
  /** As this machine reaches it. */
  readonly address: string
  open(): Promise<Vault>
}

export interface VaultFacts {
  readonly server: Pick<Vault, 'read'>
  readonly place: VaultCluster
  /** The auth roles of namespaces, by their names. */
  readonly roles: ReadonlyMap<string, Data>
}

/** @returns where pods go, if that could be looked at */
export async function examineVault(
  exam: Examination,
  question: VaultQuestion,
): Promise<VaultFacts | undefined> {
  const { aws, commands, server } = question
  const skip = (sentence: string): undefined => {
    exam.say('Vault', 'server', [skipped(sentence)])
    return undefined
  }
  if (server === undefined) return skip('VAULT_ADDR is not set: this is no verdict on Vault')
  const vault = await exam.look('Vault', 'server', {
    ...{ read: () => reach(server), deniedIsFault: true },
    judge: ({ address, policies }) => [
      ok(`${address} is unsealed and takes the token (${policies.join(', ')})`),
    ],
  })
  if (vault === undefined) return undefined
  if (aws === undefined) return skip('AWS comes first: the trust anchor says what pods use in Vault')
  const { cluster, bound } = aws.scope
  if ('without' in cluster) return skip(cluster.without)
  const place = clusterOf(cluster)
  const setup = commands.setup(cluster.name, cluster.namespace)
  if (place === undefined)
    return skip(`the tag of cluster ${cluster.name} does not say what pods use in Vault: ${setup}`)
  const ofCluster = bound.filter(({ binding }) => binding.cluster === cluster.name)
  const state = await exam.look('Vault', 'setup', {
    read: () => readState(vault.vault, setupOf(cluster.name, place), REFERENCE),
  })
  if (state === undefined) return undefined
  const roles = new Map<string, Data>()
  const facts = {
    ...{ cluster: cluster.name, commands, place, state, bound: ofCluster, nowMs: question.nowMs, setup },
    anchor: aws.installation.anchor?.certificates ?? '',
  }
  exam.say('Vault', 'auth', authFindings(place, state, question.context, setup))
  exam.say('Vault', 'pki', authorityFindings(facts))
  const hasAuth = state.mounts.get(`auth/${place.authMount}/`)?.type === 'kubernetes'
  const hasPki = state.mounts.get(`${place.pkiMount}/`)?.type === 'pki'
  if (!hasAuth || !hasPki) {
    const sentence = `${hasAuth ? place.pkiMount : `auth/${place.authMount}`} comes first`
    exam.say('Vault', 'pki role', [skipped(sentence)])
    return { server: vault.vault, place, roles }
  }
  exam.say('Vault', 'pki role', pkiRoleFindings(facts))
  for (const one of ofCluster) {
    const { namespace } = one.binding
    await exam.look('Vault', 'namespace', {
      read: async () => roles.get(namespace) ?? (await vault.vault.read(rolePath(place, namespace))),
      judge: (data) => {
        if (data !== undefined) roles.set(namespace, data)
        return namespaceFindings(place, data, one, commands)
      },
    })
  }
  return { server: vault.vault, place, roles }
}

interface Reached {
  readonly vault: Vault
  readonly address: string
  readonly policies: readonly string[]
}

/** Any token may look itself up by Vault's default policy, and a sealed Vault answers nothing. */
async function reach({ address, open }: VaultWay): Promise<Reached> {
  const vault = await open()
  const own = (await vault.read('auth/token/lookup-self').catch(withHint)) ?? {}
  return { vault, address, policies: textsOf(own['policies']) }
}

/** Every token may look itself up. */
function withHint(error: unknown): never {
  if (!(error instanceof IamRaError) || error.status !== 403) throw error
  throw new IamRaError(error.code, error.stage, error.message, {
    ...{ cause: error, status: error.status },
    hint: 'the token is wrong or has expired: run vault login, or set VAULT_TOKEN',
  })
}
