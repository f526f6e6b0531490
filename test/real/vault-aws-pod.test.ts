/**
 * A pod of a real cluster with keys of an IAM user: nothing without a policy in Vault, keys with it, and what they may do
 * follows the role in Vault, pod by pod.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Obtained, SessionCredentials } from '../../src/credentials.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { startKubernetes } from '../rig/servers/kubernetes.ts'
import { addKubernetesMount, addReviewer } from '../rig/servers/reference.ts'
import { KUBERNETES_ROLE } from '../rig/servers/reference-vault.ts'
import { startVaultAwsAccount } from './vault-aws-account.ts'
import { bounds, startPod } from './vault-aws-pod.ts'

const { namespace, serviceAccount, audience, cluster, vaultRole } = EXAMPLE

// Not in a hook: uvu keeps to itself what one throws.
const account = await startVaultAwsAccount()
const kubernetes = await startKubernetes()
const { vault } = account
const reviewer = await addReviewer(kubernetes)
await kubernetes.makeServiceAccount(namespace, serviceAccount)
await addKubernetesMount(vault, 'kubernetes', cluster, kubernetes, reviewer)
await vault.write(`auth/kubernetes/role/${vaultRole}`, {
  ...KUBERNETES_ROLE,
  token_policies: ['kube-auth'],
  token_no_default_policy: false,
})

const pods = suite('real: a pod with keys of the AWS secrets engine')
pods.after(async () => {
  await account.close()
  await kubernetes.stop()
})

async function obtain(): Promise<Obtained> {
  const token = await kubernetes.token(namespace, serviceAccount, audience)
  const login = { authMethod: 'kubernetes', authMount: 'kubernetes', role: vaultRole } as const
  return await startPod(account, token, login, { path: 'aws/creds/readonly' }).obtained
}

async function listBuckets(credentials: SessionCredentials): Promise<string> {
  const { code, stdout, stderr } = await account.aws(['s3', 'ls'], credentials)
  return code === 0 ? stdout : stderr
}

const grant = (policy: string): Promise<unknown> => vault.write('sys/policies/acl/kube-auth', { policy })
// The old form of a role, as many stand in Vaults.
const attach = (name: string): Promise<unknown> =>
  vault.write('aws/roles/readonly', { arn: `arn:aws:iam::aws:policy/${name}` })

pods('lists buckets once the policies in Vault and in AWS allow it, and leaves no user', async () => {
  await attach('AmazonEC2ReadOnlyAccess')
  await grant('path "secret/creds" { capabilities = ["read"] }')
  const refused = await rejectsWithCode(obtain(), 'REFUSED')
  assert.match(refused.message, /no policy of the token allows it \(it has: default, kube-auth\)$/)
  assert.equal(await account.users(), [])

  await grant('path "aws/creds/readonly" { capabilities = ["read"] }')
  const first = await obtain()
  assert.match(await listBuckets(first.credentials), /AccessDenied/)
  await first.lease?.end()

  await attach('AmazonS3ReadOnlyAccess')
  const second = await obtain()
  assert.match(await listBuckets(second.credentials), account.bucket)
  const renewed = await second.lease?.renew(bounds())
  assert.match(await listBuckets(renewed ?? first.credentials), account.bucket)
  await second.lease?.end()
  await account.untilNoUsers()
  assert.match(await listBuckets(second.credentials), /InvalidAccessKeyId|403/)
})

pods.run()
