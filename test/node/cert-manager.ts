/** What cert-manager's controller makes of k8s/cert-manager: it does not run here, its definitions and objects are there. */
import { generateKeyPairSync } from 'node:crypto'
import { requireServer } from '../rig/servers/build.ts'
import { pemOf, randomSerial } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import { until, type Cluster } from './cluster.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

interface Definition {
  /** Without conditions at first, or with null. */
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null
  }
}

export async function installCertManager(cluster: Cluster): Promise<void> {
  await cluster.kubectl(['create', '--filename', requireServer('cert-manager-crds')])
  for (const name of ['issuers', 'certificates']) {
    await until(
      `the definition of ${name}`,
      async () => {
        const { status } = await cluster.request('GET', `${DEFINITIONS}/${name}.cert-manager.io`)
        const { conditions } = (status ?? {}) as Definition['status']
        return conditions?.some((one) => one.type === 'Established' && one.status === 'True') || undefined
      },
      () => cluster.kubectl(['describe', 'customresourcedefinition', `${name}.cert-manager.io`]),
    )
  }
}

interface CertificateSpec {
  readonly secretName: string
  readonly commonName: string
  readonly uris: readonly string[]
}

export interface Issued {
  /** As session names have it: hex in lower case. */
  readonly serial: string
  /** PEM, as the Secret has it. */
  readonly certificate: string
}

/** Writes the Secret of a Certificate, or a new pair into the one that is there, as a renewal does. */
export async function issue(cluster: Cluster, namespace: string, name: string): Promise<Issued> {
  const objects = `/apis/cert-manager.io/v1/namespaces/${namespace}/certificates`
  const { spec } = await cluster.request('GET', `${objects}/${name}`)
  const { secretName, commonName, uris } = spec as CertificateSpec
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serial = randomSerial()
  const nowMs = Date.now()
  const der = signCertificate(
    {
      subject: [['CN', commonName]],
      publicKey,
      serial,
      notBeforeMs: nowMs,
      notAfterMs: nowMs + 24 * 3600_000,
      keyUsage: ['digitalSignature'],
      names: { dns: [], uris, ips: [], emails: [] },
    },
    cluster.issuer,
  )
  const certificate = `${pemOf('CERTIFICATE', der)}\n`
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace },
    type: 'kubernetes.io/tls',
    stringData: {
      'tls.crt': certificate,
      // Its default encoding, PKCS1, is SEC 1 for such a key.
      'tls.key': privateKey.export({ type: 'sec1', format: 'pem' }),
      'ca.crt': `${cluster.issuer.pem}\n`,
    },
  }
  await cluster.kubectl(['apply', '--server-side', '--filename', '-'], JSON.stringify(secret))
  return { serial: serial.toString('hex'), certificate }
}
