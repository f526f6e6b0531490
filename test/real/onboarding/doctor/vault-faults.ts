/** What can be wrong in Vault. */
import { setTimeout as delay } from 'node:timers/promises'
import { createAuthority } from '../../../rig/emulators/authority.ts'
import { api } from '../../../rig/servers/api.ts'
import { clusterWords, NO_KUBECTL, type Fault, type Make, type Undo } from './fault.ts'
import type { WholeSetUp } from './set-up.ts'

const AUTH = 'auth/kubernetes-prod'
const NAMESPACE = `${AUTH}/role/shop`
const PKI_ROLE = 'pki-prod/roles/iam-ra-prod'
const POLICY = 'sys/policies/acl/iam-ra-prod'

type Data = Readonly<Record<string, unknown>>

async function read({ vaultServer }: WholeSetUp, path: string): Promise<Data> {
  return ((await vaultServer.read(path)) as { readonly data: Data }).data
}

type Written = (it: WholeSetUp) => Promise<Undo>

function written(path: string, change: Data): Written {
  return async (it) => {
    const before = await read(it, path)
    await it.vaultServer.write(path, { ...before, ...change })
    return () => it.vaultServer.write(path, before)
  }
}

export async function remove({ vaultServer, env }: WholeSetUp, path: string): Promise<void> {
  const headers = { 'X-Vault-Token': env['VAULT_TOKEN'] ?? '' }
  const { status } = await api('DELETE', `${vaultServer.url}/v1/${path}`, { headers })
  if (status !== 204) throw new Error(`Vault answered ${status} to the deletion of ${path}`)
}

function removed(path: string): Make {
  return async (it) => {
    const before = await read(it, path)
    await remove(it, path)
    return () => it.vaultServer.write(path, before)
  }
}

function added(path: string, data: Data): Make {
  return async (it) => {
    await it.vaultServer.write(path, data)
    return () => remove(it, path)
  }
}

/** The reviewer's token is never shown, so Vault gets another one in the end. */
function config(change: (it: WholeSetUp) => Data): Make {
  return async (it) => {
    const { vaultServer, kubernetes } = it
    const before = await read(it, `${AUTH}/config`)
    const token = await kubernetes.token('iam-ra-system', 'vault-reviewer', kubernetes.issuer, 3600)
    await vaultServer.write(`${AUTH}/config`, { ...before, token_reviewer_jwt: token, ...change(it) })
    return () => vaultServer.write(`${AUTH}/config`, { ...before, token_reviewer_jwt: token })
  }
}

/** Another mount in place of the cluster's. @param signer whose root signs it: its own if undefined */
function mount(
  name: string,
  authority: { readonly commonName: string; readonly ttl: string; readonly signer?: string } | undefined,
): Written {
  return async (it) => {
    const { vaultServer } = it
    await vaultServer.write(`sys/mounts/${name}`, { type: 'pki', config: { max_lease_ttl: '43800h' } })
    if (authority !== undefined) await certify(it, name, authority)
    const words = await clusterWords({ pkiMount: name })(it)
    return async () => {
      await words()
      await remove(it, `sys/mounts/${name}`)
    }
  }
}

async function certify(
  { vaultServer }: WholeSetUp,
  name: string,
  {
    commonName,
    ttl,
    signer,
  }: { readonly commonName: string; readonly ttl: string; readonly signer?: string },
): Promise<void> {
  if (signer === undefined) {
    await vaultServer.write(`${name}/root/generate/internal`, { common_name: commonName, ttl })
    return
  }
  const made = await vaultServer.write(`${name}/intermediate/generate/internal`, { common_name: commonName })
  const { csr } = made['data'] as { readonly csr: string }
  const signed = await vaultServer.write(`${signer}/root/sign-intermediate`, {
    ...{ csr, common_name: commonName, ttl },
  })
  const { certificate } = signed['data'] as { readonly certificate: string }
  await vaultServer.write(`${name}/intermediate/set-signed`, { certificate })
}

const failed = (sentence: RegExp, hint: RegExp) => ({ group: 'Vault', sentence, hint })
const warning = (sentence: RegExp, hint: RegExp) => ({ group: 'Vault', state: 'warning', sentence, hint })
const ONBOARD = /^iam-ra k8s onboard payment --cluster prod --k8s-namespace shop --role admin/
const SETUP = /^iam-ra k8s setup prod --k8s-namespace iam-ra-system/
const CN = 'Pods of cluster prod'

const FAULTS: readonly Fault[] = [
  {
    name: 'no address of Vault, without a verdict',
    env: { VAULT_ADDR: '' },
    says: { group: 'Vault', state: 'skipped', sentence: /VAULT_ADDR is not set: this is no verdict/ },
  },
  {
    name: 'an address of Vault where nothing answers',
    env: { VAULT_ADDR: 'http://127.0.0.1:1' },
    says: failed(/no answer from Vault at http:\/\/127.0.0.1:1/, /check VAULT_ADDR/),
  },
  {
    name: 'a Vault that is sealed',
    make: async ({ vaultServer }) => {
      await vaultServer.seal()
      return () => vaultServer.unseal()
    },
    says: failed(/sealed/, /vault operator unseal/),
  },
  {
    name: 'a token of Vault that has expired',
    env: { VAULT_TOKEN: 'hvs.nothing' },
    says: failed(/403 to the read of auth\/token\/lookup-self/, /vault login/),
  },
  {
    name: 'no token of Vault',
    env: { VAULT_TOKEN: '' },
    says: failed(/^there is no Vault token$/, /VAULT_TOKEN/),
  },
  {
    name: 'an auth mount that is not there',
    make: clusterWords({ authMount: 'gone' }),
    says: failed(/^Vault has no auth mount gone$/, SETUP),
  },
  {
    name: 'an auth mount of another type',
    make: clusterWords({ authMount: 'token' }),
    says: failed(/^auth\/token is of type token, not kubernetes$/, /iam-ra k8s setup prod/),
  },
  {
    name: 'an auth mount without a config',
    make: async (it) => {
      await it.vaultServer.write('sys/auth/empty', { type: 'kubernetes' })
      const words = await clusterWords({ authMount: 'empty' })(it)
      return async () => {
        await words()
        await remove(it, 'sys/auth/empty')
      }
    },
    says: failed(/^auth\/empty has no config/, SETUP),
  },
  {
    name: 'a reviewer without a token',
    make: config(() => ({ token_reviewer_jwt: '' })),
    says: failed(/^auth\/kubernetes-prod has no reviewer token/, SETUP),
  },
  {
    name: 'an auth mount that asks another cluster',
    make: config(() => ({
      kubernetes_host: 'https://10.0.0.9:6443',
      kubernetes_ca_cert: createAuthority({ commonName: 'Other', nowMs: Date.now() }).pem,
    })),
    env: {},
    says: failed(
      /asks https:\/\/10.0.0.9:6443, which is another cluster than that of context admin/,
      /--context/,
    ),
  },
  {
    name: 'an auth mount that expects another CA',
    make: config(() => ({
      kubernetes_ca_cert: createAuthority({ commonName: 'Other', nowMs: Date.now() }).pem,
    })),
    env: {},
    says: failed(/expects another CA .* so TokenReview cannot be reached/, SETUP),
  },
  {
    name: 'a PKI mount that is not there',
    make: clusterWords({ pkiMount: 'gone' }),
    says: failed(/^Vault has no PKI mount gone$/, SETUP),
  },
  {
    name: 'a PKI mount of another type',
    make: clusterWords({ pkiMount: 'cubbyhole' }),
    says: failed(/^cubbyhole is a mount of type cubbyhole, not pki$/, /iam-ra k8s setup prod/),
  },
  {
    name: 'a PKI mount that signs nothing yet',
    make: mount('pki-empty', undefined),
    says: failed(/^pki-empty has no default issuer, so it signs nothing$/, SETUP),
  },
  {
    name: 'a CA that is not below the trust anchor',
    make: mount('pki-other', { commonName: CN, ttl: '8760h' }),
    says: failed(
      /does not lead to the trust anchor's root .* AWS refuses every pod/,
      /certified by that root/,
    ),
  },
  {
    name: 'a CA of another name than the trust policy has',
    make: mount('pki-renamed', { commonName: 'Another', ttl: '8760h', signer: 'pki-root' }),
    says: failed(
      /signs as CN=Another, and trust policies expect Pods of cluster prod for payment/,
      /onboard each/,
    ),
  },
  {
    name: 'a CA that has expired',
    make: async (it) => {
      const undo = await mount('pki-expired', { commonName: CN, ttl: '1s', signer: 'pki-root' })(it)
      await delay(1500)
      return undo
    },
    says: failed(/the CA certificate of pki-expired, .* has expired/, /rotate/),
  },
  {
    name: 'a CA that expires soon',
    make: async (it): Promise<Undo> => {
      const undo = await mount('pki-soon', { commonName: CN, ttl: '240h', signer: 'pki-root' })(it)
      await it.vaultServer.write('pki-soon/roles/iam-ra-prod', await read(it, PKI_ROLE))
      const policy = await written(POLICY, {
        policy: String((await read(it, POLICY))['policy']).replaceAll('pki-prod', 'pki-soon'),
      })(it)
      return async () => {
        await policy()
        await undo()
      }
    },
    says: warning(/pki-soon signs as CN=Pods of cluster prod, which expires on 20.*, in \d days/, /rotate/),
  },
  {
    name: 'a PKI role that allows any name',
    make: written(PKI_ROLE, { allow_any_name: true }),
    says: failed(
      /^pki-prod\/roles\/iam-ra-prod is not as it was set up: allow_any_name: true -> false$/,
      SETUP,
    ),
  },
  {
    name: 'a PKI role that is not there',
    make: removed(PKI_ROLE),
    says: failed(/^Vault has no pki-prod\/roles\/iam-ra-prod$/, SETUP),
  },
  {
    name: 'a policy that allows more',
    make: written(POLICY, { policy: 'path "pki-prod/*" { capabilities = ["update"] }' }),
    says: failed(/^sys\/policies\/acl\/iam-ra-prod is not as it was set up/, SETUP),
  },
  {
    name: 'a policy that is not there',
    make: removed(POLICY),
    says: failed(/^Vault has no sys\/policies\/acl\/iam-ra-prod$/, SETUP),
  },
  {
    name: 'another PKI role',
    make: added('pki-prod/roles/wide', { allow_any_name: true }),
    says: warning(/^pki-prod\/roles\/wide signs below the same trust anchor/, /docs\/vault.md/),
  },
  {
    name: 'ACME',
    make: async ({ vaultServer }) => {
      await vaultServer.write('pki-prod/config/cluster', { path: `${vaultServer.url}/v1/pki-prod` })
      await vaultServer.write('pki-prod/config/acme', { enabled: true })
      return () => vaultServer.write('pki-prod/config/acme', { enabled: false })
    },
    says: warning(/^pki-prod answers ACME/, /docs\/vault.md/),
  },
  {
    name: 'a namespace without an auth role',
    make: removed(NAMESPACE),
    says: failed(/^Vault has no auth\/kubernetes-prod\/role\/shop, so pods of shop cannot log in$/, ONBOARD),
  },
  {
    name: 'an auth role that does not admit the account',
    make: written(NAMESPACE, { bound_service_account_names: ['other'] }),
    says: failed(/^auth\/kubernetes-prod\/role\/shop does not admit ServiceAccount payment$/, ONBOARD),
  },
  {
    name: 'an auth role that does not admit the namespace',
    make: written(NAMESPACE, { bound_service_account_namespaces: ['other'] }),
    says: failed(/does not admit namespace shop$/, /bound_service_account_namespaces=other,shop$/),
  },
  {
    name: 'an auth role without the policy',
    make: written(NAMESPACE, { token_policies: ['default'] }),
    says: failed(/does not give policy iam-ra-prod/, /token_policies=default,iam-ra-prod$/),
  },
  {
    name: 'an auth role for another audience',
    make: written(NAMESPACE, { audience: 'elsewhere' }),
    says: warning(/takes tokens for audience elsewhere, not vault/, /onboard payment/),
  },
  {
    name: 'an operator whose token may not look',
    make: async (it) => {
      const made = await it.vaultServer.write('auth/token/create', { policies: ['default'], ttl: '5m' })
      const before = it.env['VAULT_TOKEN'] ?? ''
      const { client_token: token } = made['auth'] as { readonly client_token: string }
      Object.assign(it.env, { VAULT_TOKEN: token })
      return () => Object.assign(it.env, { VAULT_TOKEN: before })
    },
    says: {
      group: 'Vault',
      state: 'unknown',
      sentence: /answered 403 to the read of sys\/mounts/,
      hint: /./,
    },
  },
]

export const VAULT_FAULTS: readonly Fault[] = FAULTS.map((fault) => ({
  ...fault,
  env: fault.env !== undefined && Object.keys(fault.env).length === 0 ? {} : { ...NO_KUBECTL, ...fault.env },
}))
