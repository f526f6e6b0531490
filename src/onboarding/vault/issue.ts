/** Writes the PKI mount's certificate request and imports the signed certificate. The key never leaves Vault. */
import { IamRaError } from '../../errors.ts'
import type { AuthorityStep } from './authority.ts'
import { fingerprint, missingFrom, readCertificates } from './certificates.ts'
import type { Data } from './difference.ts'

import type { ClusterSetup } from './setup.ts'
import { readAuthority, type Issuer } from './state.ts'
import type { Vault } from './vault.ts'

export interface AuthorityFiles {
  readonly vault: Vault
  readonly setup: ClusterSetup
  /** @throws IamRaError if it cannot be written */
  writeFile(path: string, text: string): Promise<void>
}

type StepOf<Kind extends AuthorityStep['kind']> = Extract<AuthorityStep, { kind: Kind }>

export async function requestCertificate(
  mount: string,
  { file, keyId }: StepOf<'request'>,
  context: AuthorityFiles,
): Promise<string> {
  await context.writeFile(file, `${await makeRequest(mount, keyId, context)}\n`)
  return `wrote ${file}: have the CA above sign it, as a CA with path length 0, then run again with --signed-cert`
}

export async function issueForMount(
  mount: string,
  { rootMount, keyId }: StepOf<'sign'>,
  context: AuthorityFiles,
): Promise<string> {
  const { vault, setup } = context
  const answer = await vault.write(`${rootMount}/root/sign-intermediate`, {
    csr: await makeRequest(mount, keyId, context),
    common_name: setup.pki.commonName,
    exclude_cn_from_sans: true,
    ttl: `${setup.pki.seconds}s`,
    // It signs pods, and no further CAs.
    max_path_length: 0,
  })
  const above = Array.isArray(answer['ca_chain']) ? answer['ca_chain'].map(String) : []
  const pem = [textOf(answer, 'certificate'), ...above].join('\n')
  await importCertificates(mount, pem, `the certificate signed by ${rootMount}`, vault)
  return `created an issuer of ${mount}: ${setup.pki.commonName}, signed by ${rootMount}`
}

export async function takeCertificate(
  mount: string,
  { kind, file, pem, subject }: StepOf<'import' | 'chain'>,
  { vault }: AuthorityFiles,
): Promise<string> {
  const own = await importCertificates(mount, pem, file, vault)
  if (missingFrom(own.chain, readCertificates(file, pem)).length > 0) {
    // Vault builds no chain for an issuer with a manual chain.
    throw new IamRaError(
      'CERTIFICATE_UNFIT',
      'certificate',
      `${mount} has the certificates in ${file}, but still sends a shorter chain`,
      {
        hint: `check whether the issuer has a manual chain: vault read ${mount}/issuer/${own.id} (manual_chain)`,
      },
    )
  }
  if (kind === 'chain') return `changed an issuer of ${mount}: ${subject} has its chain and signs from now on`
  return `created an issuer of ${mount}: ${subject} signs from now on`
}

async function makeRequest(
  mount: string,
  keyId: string | undefined,
  { vault, setup }: AuthorityFiles,
): Promise<string> {
  const answer = await vault.write(
    `${mount}/intermediate/generate/${keyId === undefined ? 'internal' : 'existing'}`,
    {
      common_name: setup.pki.commonName,
      exclude_cn_from_sans: true,
      ...(keyId === undefined ? { key_type: 'ec', key_bits: 256 } : { key_ref: keyId }),
    },
  )
  return textOf(answer, 'csr')
}

/**
 * The first certificate, whose key Vault has, becomes the default issuer; Vault may have had it before those above it. If
 * there is no key for it, the imported certificates are removed again.
 */
async function importCertificates(mount: string, pem: string, origin: string, vault: Vault): Promise<Issuer> {
  const { imported_issuers: imported } = await vault.write(`${mount}/intermediate/set-signed`, {
    certificate: pem,
  })
  const { issuers } = await readAuthority(vault, mount)
  const [first] = readCertificates(origin, pem)
  const own = issuers.find(
    (issuer) => issuer.keyId !== '' && fingerprint(issuer.pem) === first?.fingerprint256,
  )
  if (own === undefined) {
    const come = issuers.filter(({ id }) => Array.isArray(imported) && imported.includes(id))
    for (const { id } of come) await vault.delete(`${mount}/issuer/${id}`)
    throw new IamRaError(
      'CERTIFICATE_UNFIT',
      'certificate',
      `no key in ${mount} belongs to ${origin}, so nothing could be signed with it`,
      {
        hint: `it was issued for another request: have this Vault's request signed (--csr-out writes it)`,
      },
    )
  }
  await vault.write(`${mount}/config/issuers`, { default: own.id })
  return own
}

function textOf(answer: Data, member: string): string {
  const value = answer[member]
  if (typeof value === 'string') return value
  throw new IamRaError('ANSWER_INVALID', 'certificate', `Vault's answer has no ${member}`, {
    hint: 'run it again; if this persists, check VAULT_ADDR: something else may answer there',
  })
}
