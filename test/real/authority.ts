/**
 * A real Vault as a subordinate authority, as users set it up, behind the emulated Roles Anywhere: a root elsewhere,
 * intermediates in PKI mounts, roles, and a login by jwt auth with the emulated cluster's key, so that no apiserver is
 * needed.
 */
import { createPublicKey } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { CertificationRequest } from '@peculiar/asn1-csr'
import * as assert from 'uvu/assert'
import { failed, hasCredentials } from '../e2e/outcome.ts'
import type { Run } from '../e2e/harness.ts'
import { createAuthority, pemOf, randomSerial, type Authority } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import { EXAMPLE, startStage, type Stage } from '../rig/emulators/stage.ts'
import { startGateway, type Gateway } from '../rig/servers/gateway.ts'
import { startVault, type VaultServer } from '../rig/servers/vault.ts'

export interface PkiStage extends Stage {
  readonly vault: Gateway
  readonly server: VaultServer
  /** The root elsewhere, whose certificate alone the trust anchor holds. */
  readonly root: Authority
  /** The anchor's certificates from now on; two at most (AWS's quota). */
  trust(...roots: readonly Authority[]): void
}

/** @param server Default one of its own. */
export async function startPkiStage(server?: VaultServer): Promise<PkiStage> {
  const real = server ?? (await startVault())
  const emulated = await startStage()
  const vault = await startGateway(real.url)
  const root = createAuthority({ commonName: 'Example Root', nowMs: Date.now() })
  const stage: PkiStage = {
    ...emulated,
    vault,
    server: real,
    root,
    env: { ...emulated.env, VAULT_ADDR: vault.url, VAULT_AUTH_METHOD: 'jwt' },
    trust(...roots) {
      emulated.rolesAnywhereEmulator.options.anchors = [
        { arn: EXAMPLE.anchorArn, certificates: roots.map(({ pem }) => pem) },
      ]
    },
    async close() {
      await vault.close()
      await emulated.close()
      await real.stop()
    },
  }
  stage.trust(root)
  try {
    await real.write('sys/policies/acl/iam-ra', { policy: 'path "+/sign/+" { capabilities = ["update"] }' })
    await real.write('sys/auth/jwt', { type: 'jwt' })
    await real.write('auth/jwt/config', {
      jwt_validation_pubkeys: [emulated.cluster.publicKey],
      bound_issuer: emulated.cluster.issuer,
    })
    await putLoginRole(real, EXAMPLE.vaultRole)
    return stage
  } catch (error) {
    await stage.close()
    throw error
  }
}

export async function putLoginRole(
  server: VaultServer,
  name: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await server.write(`auth/jwt/role/${name}`, {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: [EXAMPLE.audience],
    token_policies: ['iam-ra'],
    token_ttl: 300,
    ...changes,
  })
}

export interface IntermediateOptions {
  readonly commonName?: string
  readonly keyType?: 'ec' | 'rsa'
  readonly keyBits?: number
  /** Above it: an authority elsewhere, or the default issuer of another mount. */
  readonly signedBy: Authority | { readonly mount: string }
  /** Whether the certificates above are imported too, so that `ca_chain` ends with the root. Default false. */
  readonly withRoot?: boolean
  /** Default a year. */
  readonly lifetimeMs?: number
}

const YEAR_MS = 365 * 24 * 3600 * 1000

export async function mountPki(server: VaultServer, mount: string): Promise<void> {
  await server.write(`sys/mounts/${mount}`, { type: 'pki', config: { max_lease_ttl: '87600h' } })
}

/** The example as e2e/ has it: an intermediate in the mount pki, and the role iam-ra. */
export async function mountExample({ server, root }: PkiStage): Promise<void> {
  await mountPki(server, EXAMPLE.pkiMount)
  await addIntermediate(server, EXAMPLE.pkiMount, { signedBy: root })
  await putPkiRole(server, EXAMPLE.pkiMount, EXAMPLE.pkiRole)
}

/** The CSR goes out of Vault, and what was signed comes back. @returns the new issuer's id */
export async function addIntermediate(
  server: VaultServer,
  mount: string,
  options: IntermediateOptions,
): Promise<string> {
  const commonName = options.commonName ?? `Example Intermediate ${mount}`
  const keyType = options.keyType ?? 'ec'
  const made = await server.write(`${mount}/intermediate/generate/internal`, {
    common_name: commonName,
    key_type: keyType,
    key_bits: options.keyBits ?? (keyType === 'ec' ? 256 : 2048),
  })
  const csr = String(dataOf(made)['csr'])
  const { signedBy } = options
  const signed: readonly string[] =
    'mount' in signedBy
      ? await signInVault(server, signedBy.mount, csr)
      : [signElsewhere(csr, commonName, signedBy, options.lifetimeMs), signedBy.pem]
  return await importIssuers(server, mount, options.withRoot === true ? signed : signed.slice(0, 1))
}

async function signInVault(server: VaultServer, mount: string, csr: string): Promise<readonly string[]> {
  const answer = dataOf(await server.write(`${mount}/root/sign-intermediate`, { csr, use_csr_values: true }))
  const above = Array.isArray(answer['ca_chain']) ? (answer['ca_chain'] as string[]) : []
  return [String(answer['certificate']), ...above]
}

/** What an authority outside of Vault makes of a request: a CA's certificate, and nothing of Vault's own in it. */
export function signElsewhere(
  csr: string,
  commonName: string,
  issuer: Authority,
  lifetimeMs = YEAR_MS,
): string {
  const request = AsnConvert.parse(
    Buffer.from(csr.replace(/-----[A-Z ]+-----/g, ''), 'base64'),
    CertificationRequest,
  )
  const spki = Buffer.from(AsnConvert.serialize(request.certificationRequestInfo.subjectPKInfo))
  const nowMs = Date.now()
  const der = signCertificate(
    {
      subject: [
        ['O', 'Example'],
        ['CN', commonName],
      ],
      publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
      serial: randomSerial(),
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + lifetimeMs,
      keyUsage: ['keyCertSign', 'cRLSign'],
      authority: {},
    },
    issuer,
  )
  return pemOf('CERTIFICATE', der)
}

/** The one whose key Vault has becomes the default issuer. @returns its id */
export async function importIssuers(
  server: VaultServer,
  mount: string,
  certificates: readonly string[],
): Promise<string> {
  const answer = dataOf(
    await server.write(`${mount}/intermediate/set-signed`, { certificate: certificates.join('\n') }),
  )
  const mapping = answer['mapping'] as Record<string, string>
  const issuer = Object.entries(mapping).find(([, key]) => key !== '')?.[0]
  if (issuer === undefined) throw new Error(`no issuer with a key came to ${mount}`)
  await server.write(`${mount}/config/issuers`, { default: issuer })
  return issuer
}

/** A role that signs the example's own names with any key. */
export async function putPkiRole(
  server: VaultServer,
  mount: string,
  name: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await server.write(`${mount}/roles/${name}`, {
    allowed_domains: [EXAMPLE.commonName],
    allow_bare_domains: true,
    allow_localhost: false,
    allow_wildcard_certificates: false,
    allow_ip_sans: false,
    allowed_uri_sans: [EXAMPLE.uri],
    key_type: 'any',
    no_store: true,
    ttl: '1h',
    max_ttl: '24h',
    ...changes,
  })
}

export function dataOf(answer: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return answer['data'] as Readonly<Record<string, unknown>>
}

/** Nothing but the root token lives: what logged in was revoked. */
export async function noTokenLeft({ server }: PkiStage): Promise<void> {
  assert.is((await server.list('auth/token/accessors')).length, 1, 'a Vault token lives on')
}

/** Exit 0, a session of the emulator, and the token revoked. */
export async function isDone(stage: PkiStage, run: Run): Promise<void> {
  hasCredentials(stage, run)
  await noTokenLeft(stage)
}

/** The exit, sentence and hint, AWS not asked before it is its turn, and the token revoked. */
export async function hasFailed(
  stage: PkiStage,
  run: Run,
  code: 3 | 4 | 5,
  says: RegExp,
  hint: RegExp,
): Promise<void> {
  failed(run, code, says, hint)
  assert.is(run.aws.length, code === 5 ? 1 : 0)
  assert.equal(run.files, [])
  await noTokenLeft(stage)
}

/** The lines that warn. */
export function warnings(run: Run): readonly string[] {
  return run.stderr.split('\n').filter((line) => line.startsWith('aws-iam-ra: warning: '))
}
