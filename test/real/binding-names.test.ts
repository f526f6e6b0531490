/**
 * The templated binding: a pod gets its own names signed and nobody else's. Two clusters, each with a kube-apiserver of
 * its own, each logging in by kubernetes and by jwt auth; one PKI role for all of them, as reference-vault.ts has it.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { failed, hasCredentials } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { refusedName, runClean } from './harness.ts'
import { startKubernetes, type Kubernetes } from '../rig/servers/kubernetes.ts'
import {
  addJwtMount,
  addKubernetesMount,
  addReviewer,
  bind,
  startReference,
  type Reference,
} from '../rig/servers/reference.ts'
import { JWT_ROLE } from '../rig/servers/reference-vault.ts'

const { namespace, serviceAccount } = EXAMPLE

const binding = suite('real: names bound to the pod')

let reference: Reference
let other: Kubernetes
binding.before(async () => {
  reference = await startReference()
  other = await startKubernetes({ issuer: 'https://other.example' })
  const { server, kubernetes, bindings } = reference
  await kubernetes.makeServiceAccount('backend', serviceAccount)
  await kubernetes.makeServiceAccount('backend', `${serviceAccount}.${namespace}`)
  await other.makeServiceAccount(namespace, serviceAccount)
  const reviewer = await addReviewer(other)
  await bind(server, [
    ...bindings,
    await addKubernetesMount(server, 'kubernetes-other', 'other', other, reviewer),
    await addJwtMount(server, 'jwt-other', 'other', other),
  ])
})
binding.after(async () => {
  await reference.close()
  await other.stop()
})

interface Pod {
  readonly method: 'kubernetes' | 'jwt'
  readonly mount: string
  readonly cluster: 'demo' | 'other'
  readonly namespace: string
}

const PODS: readonly Pod[] = (['kubernetes', 'jwt'] as const).flatMap((method) => [
  { method, mount: method, cluster: 'demo', namespace },
  { method, mount: method, cluster: 'demo', namespace: 'backend' },
  { method, mount: `${method}-other`, cluster: 'other', namespace },
])

const titleOf = (pod: Pod): string =>
  `${pod.namespace}/${serviceAccount} of ${pod.cluster} by ${pod.method} auth`

interface Identity {
  readonly token: string
  readonly env: Readonly<Record<string, string>>
}

/** Logged in as the pod, with its own CN until `names` says otherwise. */
async function as(pod: Pod, names: Readonly<Record<string, string>> = {}): Promise<Identity> {
  const from = pod.cluster === 'demo' ? reference.kubernetes : other
  return {
    token: await from.token(pod.namespace, serviceAccount, EXAMPLE.audience),
    env: {
      VAULT_AUTH_METHOD: pod.method,
      VAULT_AUTH_MOUNT: pod.mount,
      VAULT_CERT_CN: cn(pod),
      ...names,
    },
  }
}

type Named = Pick<Pod, 'cluster' | 'namespace'>
const cn = (pod: Named, account: string = serviceAccount): string =>
  `${account}.${pod.namespace}.${pod.cluster}`
const uri = (pod: Named, account: string = serviceAccount): string =>
  `spiffe://${pod.cluster}/ns/${pod.namespace}/sa/${account}`

for (const pod of PODS) {
  const own = cn(pod)
  const others = {
    "another namespace's": { ...pod, namespace: 'elsewhere' },
    "the same account's of another cluster": {
      ...pod,
      cluster: pod.cluster === 'demo' ? 'other' : 'demo',
    },
  } as const

  binding(`${titleOf(pod)}: has its own CN, DNS name and URI signed`, async () => {
    const names = { CERT_DNS_SANS: own, CERT_URI_SANS: uri(pod) }
    const done = await runClean(reference, await as(pod, names))
    // The IAM role trusts one of these pods alone.
    if (own === EXAMPLE.commonName) hasCredentials(reference, done)
    else failed(done, 5, /Unable to assume role/)
    assert.is(done.vault.find(({ request }) => request.path.includes('/sign/'))?.status, 200)
  })

  const refusedHosts: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.entries(others).map(([whose, named]) => [whose, cn(named)])),
    "another account's": cn(pod, 'stranger'),
    localhost: 'localhost',
    'an IP address': '10.0.0.1',
    'a wildcard': `*.${own}`,
    'a subdomain': `a.${own}`,
    "its namespace's": `${pod.namespace}.${pod.cluster}`,
  }
  for (const [whose, name] of Object.entries(refusedHosts)) {
    for (const [setting, words] of [
      ['VAULT_CERT_CN', 'common name'],
      ['CERT_DNS_SANS', 'subject alternate name'],
    ] as const) {
      binding(`${titleOf(pod)}: not ${whose} as ${setting}`, async () => {
        await refusedName(
          reference,
          await as(pod, { [setting]: name }),
          new RegExp(`: ${words} ${name.replaceAll(/[.*]/g, '\\$&')} not allowed by this role$`),
          /VAULT_CERT_CN, CERT_DNS_SANS and CERT_URI_SANS against the names that pki\/roles\/iam-ra allows/,
        )
      })
    }
  }

  binding(`${titleOf(pod)}: not an e-mail address as VAULT_CERT_CN`, async () => {
    for (const address of [`root@${own}`, 'root@example.com']) {
      await refusedName(
        reference,
        await as(pod, { VAULT_CERT_CN: address }),
        new RegExp(`: common name ${address} not allowed by this role$`),
        /pki\/roles\/iam-ra allows/,
      )
    }
  })

  const refusedUris: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.entries(others).map(([whose, named]) => [whose, uri(named)])),
    "another account's": uri(pod, 'stranger'),
    'one below its own': `${uri(pod)}/more`,
    'a glob': `spiffe://${pod.cluster}/ns/*/sa/*`,
  }
  for (const [whose, name] of Object.entries(refusedUris)) {
    binding(`${titleOf(pod)}: not ${whose} as CERT_URI_SANS`, async () => {
      await refusedName(
        reference,
        await as(pod, { CERT_URI_SANS: name }),
        new RegExp(
          `: URI Subject Alternative Names .* not valid for this role: ${name.replaceAll('*', '\\*')}$`,
        ),
        /CERT_URI_SANS/,
      )
    })
  }
}

binding('an account with a dot in its name cannot pass for one of another namespace', async () => {
  // Read from the right, `vault-auth.frontend.backend.demo` can be nothing but this.
  const token = await reference.podToken('backend', `${serviceAccount}.${namespace}`)
  const { server } = reference
  await server.write(`auth/jwt/role/dotted`, { ...JWT_ROLE, bound_claims: {} })
  const env = { VAULT_AUTH_METHOD: 'jwt', VAULT_ROLE: 'dotted' }
  await refusedName(
    reference,
    { token, env },
    /common name vault-auth\.frontend\.demo not allowed/,
    /VAULT_CERT_CN/,
  )
  const done = await runClean(reference, {
    token,
    env: { ...env, VAULT_CERT_CN: 'vault-auth.frontend.backend.demo' },
  })
  failed(done, 5, /Unable to assume role/)
})

binding('by jwt auth without claim_mappings nobody has a name', async () => {
  await reference.server.write('auth/jwt/role/unmapped', { ...JWT_ROLE, claim_mappings: undefined })
  await refusedName(
    reference,
    { env: { VAULT_AUTH_METHOD: 'jwt', VAULT_ROLE: 'unmapped' } },
    /common name vault-auth\.frontend\.demo not allowed by this role/,
    /pki\/roles\/iam-ra/,
  )
})

binding("a cluster's token is worth nothing at the mount of another", async () => {
  for (const [method, says] of [
    ['kubernetes', /TokenReview/],
    ['jwt', /not signed by a key that the mount knows/],
  ] as const) {
    const token = await other.token(namespace, serviceAccount, EXAMPLE.audience)
    const done = await runClean(reference, { token, env: { VAULT_AUTH_METHOD: method } })
    failed(done, 3, says)
    assert.is(done.vault.length, 1)
  }
})

binding.run()
