/**
 * The servers for the measured programs, over http and over https: a real Vault that asks a real kube-apiserver about
 * the token, or its emulator; CreateSession is emulated in both cases.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority, serverCertificate } from '../../test/rig/emulators/authority.ts'
import { host, type Hosted } from '../../test/rig/emulators/http.ts'
import { EXAMPLE, startStage, type Stage } from '../../test/rig/emulators/stage.ts'
import { startKubernetes } from '../../test/rig/servers/kubernetes.ts'
import { freePort } from '../../test/rig/processes/process.ts'
import { addKubernetesMount, addReviewer, bind } from '../../test/rig/servers/reference.ts'
import { setUpPki } from '../../test/rig/servers/reference-vault.ts'
import { startVault } from '../../test/rig/servers/vault.ts'

export const SCHEMES = ['http', 'https'] as const
export type Scheme = (typeof SCHEMES)[number]

export type ServerKind = 'real' | 'emulated'

export interface BenchServers {
  readonly kind: ServerKind
  readonly vault: Readonly<Record<Scheme, string>>
  readonly rolesAnywhere: Readonly<Record<Scheme, string>>
  /** The CA of their certificates, PEM. */
  readonly caFile: string
  readonly tokenFile: string
  /** Whether a credentials file contains the whole of the last session issued. */
  holdsLatest(credentials: string): boolean
  /** How many Vault tokens a run could have left. */
  liveTokens(): Promise<number>
  close(): Promise<void>
}

/** @param folder for the token and the CA */
export async function startServers(kind: ServerKind, folder: string): Promise<BenchServers> {
  const stops: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop()
  }
  try {
    const stage = await startStage()
    stops.push(stage.close)
    const authority = createAuthority({ commonName: 'Bench TLS CA', nowMs: Date.now() })
    const tls = serverCertificate(authority, Date.now())
    const secured = async (handler: Parameters<typeof host>[0]): Promise<Hosted> => {
      const hosted = await host(handler, { tls })
      stops.push(hosted.close)
      return hosted
    }
    const vault =
      kind === 'real'
        ? await startRealVault(stage, tls, folder, stops)
        : {
            http: stage.vault.url,
            https: (await secured(stage.vaultEmulator.handle)).url,
            token: stage.token({ lifetimeSeconds: LIFETIME_S }),
            liveTokens: () => Promise.resolve(stage.vaultEmulator.liveTokens()),
          }
    const https = (await secured(stage.rolesAnywhereEmulator.handle)).url
    const file = (name: string, content: string): string => {
      const path = join(folder, name)
      writeFileSync(path, content, { mode: 0o600 })
      return path
    }
    return {
      kind,
      vault,
      rolesAnywhere: { http: stage.rolesAnywhere.url, https },
      caFile: file('ca.pem', authority.pem),
      tokenFile: file('token', vault.token),
      holdsLatest(credentials) {
        const latest = stage.sessions.issued.at(-1)
        return (
          latest !== undefined &&
          [latest.accessKeyId, latest.secretAccessKey, latest.sessionToken].every((value) =>
            credentials.split('\n').some((line) => line.endsWith(`= ${value}`)),
          )
        )
      },
      liveTokens: vault.liveTokens,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The bench is over long before. */
const LIFETIME_S = 3600

async function startRealVault(
  stage: Stage,
  tls: { readonly key: string; readonly cert: string },
  folder: string,
  stops: (() => Promise<void>)[],
): Promise<Readonly<Record<Scheme, string>> & { token: string; liveTokens(): Promise<number> }> {
  const port = await freePort()
  writeFileSync(join(folder, 'vault.key'), tls.key, { mode: 0o600 })
  writeFileSync(join(folder, 'vault.pem'), tls.cert)
  const vault = await startVault({
    config: `listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_cert_file = "${join(folder, 'vault.pem')}"
  tls_key_file = "${join(folder, 'vault.key')}"
}`,
  })
  stops.push(() => vault.stop())
  const kubernetes = await startKubernetes()
  stops.push(() => kubernetes.stop())
  const anchor = await setUpPki(vault)
  stage.rolesAnywhereEmulator.options.anchors = [{ arn: EXAMPLE.anchorArn, certificates: [anchor] }]
  const reviewer = await addReviewer(kubernetes)
  const { namespace, serviceAccount, cluster, audience } = EXAMPLE
  await kubernetes.makeServiceAccount(namespace, serviceAccount)
  await bind(vault, [await addKubernetesMount(vault, 'kubernetes', cluster, kubernetes, reviewer)])
  return {
    http: vault.url,
    https: `https://127.0.0.1:${port}`,
    token: await kubernetes.token(namespace, serviceAccount, audience, LIFETIME_S),
    liveTokens: async () => (await vault.list('auth/token/accessors')).length,
  }
}
