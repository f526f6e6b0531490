/**
 * Login by kubernetes auth where TokenReview decides, or cannot be asked. Vault answers all of it with `permission denied`,
 * so the error has to name every cause.
 */
import { generateKeyPairSync } from 'node:crypto'
import { suite } from 'uvu'
import { hasCredentials } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { refusedLogin, runClean, signedAnew } from './harness.ts'
import { freePort } from '../rig/processes/process.ts'
import { addKubernetesMount, startReference, type Reference } from '../rig/servers/reference.ts'
import { KUBERNETES_ROLE } from '../rig/servers/reference-vault.ts'

const { namespace, serviceAccount, audience, cluster } = EXAMPLE

const reviews = suite('real: login reviewed by the API server')

let reference: Reference
reviews.before(async () => {
  reference = await startReference()
  await reference.server.write('auth/kubernetes/role/anybody', {
    ...KUBERNETES_ROLE,
    bound_service_account_names: ['*'],
  })
})
reviews.after(() => reference.close())

const now = (): number => Math.floor(Date.now() / 1000)
const NOT_REVIEWED = /\(403, permission denied\): the token was not accepted by the cluster's TokenReview \(/

for (const [title, key, changes] of [
  ['another key signed', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, {}],
  ['is of another issuer', undefined, { iss: 'https://other.example' }],
] as const) {
  reviews(`names TokenReview for a token that ${title}`, async () => {
    const { kubernetes } = reference
    const privateKey = key?.().export({ type: 'pkcs8', format: 'pem' }) ?? kubernetes.tokenKey.privateKey
    const token = signedAnew(
      { tokenKey: { ...kubernetes.tokenKey, privateKey } },
      await reference.podToken(namespace, serviceAccount),
      changes,
    )
    await refusedLogin(reference, { token }, NOT_REVIEWED, /auth\/kubernetes\/config/)
  })
}

reviews('names TokenReview for a deleted account', async () => {
  const { kubernetes } = reference
  await kubernetes.makeServiceAccount(namespace, 'brief')
  const token = await reference.podToken(namespace, 'brief')
  await kubernetes.request('DELETE', `/api/v1/namespaces/${namespace}/serviceaccounts/brief`)
  await refusedLogin(
    reference,
    { token, env: { VAULT_ROLE: 'anybody' } },
    /TokenReview \(another cluster's token, a deleted account or pod, .*the token belongs to frontend\/brief/,
    /auth\/kubernetes\/config/,
  )
})

reviews("takes a pod's own token, and names TokenReview once the pod is deleted", async () => {
  const { kubernetes } = reference
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const pod = await kubernetes.request('POST', pods, {
    metadata: { name: 'brief' },
    spec: { serviceAccountName: serviceAccount, containers: [{ name: 'app', image: 'app' }] },
  })
  const { uid } = pod['metadata'] as { uid: string }
  const ofPod = async (): Promise<string> => {
    const answer = await kubernetes.request(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
      {
        spec: {
          audiences: [audience],
          expirationSeconds: 600,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'brief', uid },
        },
      },
    )
    return (answer['status'] as { token: string }).token
  }
  // The API server remembers for some seconds whom it has authenticated, so each token is shown to it once.
  const later = await ofPod()
  hasCredentials(reference, await runClean(reference, { token: await ofPod() }))
  await kubernetes.request('DELETE', `${pods}/brief?gracePeriodSeconds=0`)
  await refusedLogin(reference, { token: later }, NOT_REVIEWED, /auth\/kubernetes\/config/)
})

reviews('names a reviewer without rights as a cause', async () => {
  const { server, kubernetes } = reference
  await kubernetes.makeServiceAccount('vault', 'powerless')
  const powerless = await kubernetes.token('vault', 'powerless', kubernetes.issuer)
  await addKubernetesMount(server, 'powerless', cluster, kubernetes, powerless)
  await refusedLogin(
    reference,
    { env: { VAULT_AUTH_MOUNT: 'powerless' } },
    /Vault could not call it \(reviewer without system:auth-delegator/,
    /auth\/powerless\/config \(kubernetes_host, CA, reviewer\)/,
  )
})

reviews('names the reviewer as a cause where its own token has expired', async () => {
  const { server, kubernetes, reviewer } = reference
  const over = signedAnew(kubernetes, reviewer, { iat: now() - 7200, nbf: now() - 7200, exp: now() - 3600 })
  await addKubernetesMount(server, 'tired', cluster, kubernetes, over)
  await refusedLogin(
    reference,
    { env: { VAULT_AUTH_MOUNT: 'tired' } },
    NOT_REVIEWED,
    /auth\/tired\/config \(kubernetes_host, CA, reviewer\)/,
  )
})

reviews('names an API server out of reach as a cause', async () => {
  const { server, kubernetes, reviewer } = reference
  const away = { url: `https://127.0.0.1:${await freePort()}`, ca: kubernetes.ca }
  await addKubernetesMount(server, 'away', cluster, away, reviewer)
  await refusedLogin(
    reference,
    { env: { VAULT_AUTH_MOUNT: 'away' } },
    /Vault could not call it \(.*API server unreachable\)/,
    /auth\/away\/config \(kubernetes_host/,
  )
})

reviews("names the CA as a cause where it is not the API server's", async () => {
  const { server, kubernetes, reviewer } = reference
  const stranger = { url: kubernetes.url, ca: reference.anchor }
  await addKubernetesMount(server, 'misled', cluster, stranger, reviewer)
  await refusedLogin(
    reference,
    { env: { VAULT_AUTH_MOUNT: 'misled' } },
    NOT_REVIEWED,
    /auth\/misled\/config \(kubernetes_host, CA/,
  )
})

reviews.run()
