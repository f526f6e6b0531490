/** The root in a PKI mount of Vault: read, or created with a key that never leaves Vault. */
import { X509Certificate } from 'node:crypto'
import { IamRaError } from '../../../errors.ts'
import { planWrite } from '../../vault/step.ts'
import { oneLine } from '../../vault/certificates.ts'
import { showStep } from '../../vault/display.ts'
import { readAuthority, readMounts } from '../../vault/state.ts'
import type { Vault } from '../../vault/vault.ts'
import type { Root } from '../authority.ts'
import type { Step } from '../../plan/step.ts'
import { refused } from './client.ts'

export interface RootWishes {
  readonly mount: string
  readonly commonName: string
  /** Whether the operator chose it. */
  readonly isNamed: boolean
  readonly years: number
}

const DAY_HOURS = 24
const YEAR_DAYS = 365

/** @throws IamRaError */
export async function readRoot(vault: Vault, wishes: RootWishes, nowMs: number): Promise<Root> {
  const { mount, commonName, isNamed } = wishes
  const subject = `CN=${commonName}`
  const read = (): Promise<string> => readPem(vault, mount)
  const type = await mountType(vault, mount)
  if (type !== undefined && type !== 'pki') {
    const problem = `${mount}/ is a mount of type ${type}, not pki: name another with --root-mount`
    return { subject, plan: refused(problem), read }
  }
  const found = type === undefined ? undefined : await defaultCertificate(vault, mount)
  if (found === undefined) {
    const steps = [...(type === undefined ? [mountStep(vault, wishes)] : []), rootStep(vault, wishes)]
    return { subject, plan: { steps, notes: [], problems: [] }, read }
  }
  const name = oneLine(found.subject)
  const fault = rootFault(mount, found, nowMs)
  if (fault !== undefined) return { subject: name, plan: refused(fault), read }
  const { CN } = found.toLegacyObject().subject
  const notes =
    isNamed && CN !== commonName ? [`${mount} already has a root, ${name}, and it is used as it is`] : []
  return { subject: name, plan: { steps: [], notes, problems: [] }, read }
}

function rootFault(mount: string, found: X509Certificate, nowMs: number): string | undefined {
  const name = oneLine(found.subject)
  if (!found.checkIssued(found) || !found.verify(found.publicKey)) {
    return `${mount} has an intermediate, ${name}, signed by ${oneLine(found.issuer)}, and no root: name the mount of the root with --root-mount, or give the root's certificate with --root FILE`
  }
  if (found.validToDate.getTime() > nowMs) return undefined
  return `the root of ${mount}, ${name}, has expired: create a new one there, or name another mount with --root-mount`
}

async function mountType(vault: Vault, mount: string): Promise<string | undefined> {
  return (await readMounts(vault, 'sys/mounts')).get(`${mount}/`)?.type
}

async function defaultCertificate(vault: Vault, mount: string): Promise<X509Certificate | undefined> {
  const { issuers, defaultIssuer } = await readAuthority(vault, mount)
  const found = issuers.find(({ id }) => id === defaultIssuer)
  return found === undefined ? undefined : new X509Certificate(found.pem)
}

async function readPem(vault: Vault, mount: string): Promise<string> {
  const found = await defaultCertificate(vault, mount)
  if (found !== undefined) return found.toString()
  throw new IamRaError('REFUSED', 'identity', `${mount} has no root certificate, although it was created`, {
    hint: `check whether something else writes to this Vault: vault list ${mount}/issuers`,
  })
}

function mountStep(vault: Vault, { mount, years }: RootWishes): Step {
  const path = `sys/mounts/${mount}`
  const [write] = planWrite(path, { type: 'pki', config: { max_lease_ttl: hours(years) } }, undefined)
  if (write === undefined) throw new Error('a mount that is not there differs')
  return {
    shown: showStep(write),
    async apply() {
      // Another operator may have mounted it since the plan.
      if ((await mountType(vault, mount)) === undefined) await vault.write(path, write.data)
      return `created ${path}`
    },
  }
}

function rootStep(vault: Vault, { mount, commonName, years }: RootWishes): Step {
  return {
    shown: {
      ...{ verb: 'create', what: `${mount}: a root with a key that stays in Vault` },
      differences: [
        { name: 'common_name', after: JSON.stringify(commonName) },
        { name: 'ttl', after: JSON.stringify(hours(years)) },
      ],
    },
    async apply() {
      if ((await defaultCertificate(vault, mount)) === undefined) {
        await vault.write(`${mount}/root/generate/internal`, {
          ...{ common_name: commonName, exclude_cn_from_sans: true, ttl: hours(years) },
          ...{ key_type: 'ec', key_bits: 256 },
        })
      }
      return `created the root of ${mount}: ${commonName}`
    },
  }
}

function hours(years: number): string {
  return `${years * YEAR_DAYS * DAY_HOURS}h`
}
