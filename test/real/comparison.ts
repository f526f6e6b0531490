/** The same requests to a real Vault and to the emulated one, and what their answers come down to. */
import { X509Certificate } from 'node:crypto'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { TokenRequest } from '../rig/emulators/cluster.ts'
import { readCertificate } from '../rig/emulators/read-certificate.ts'
import { signingRequest, type CsrOptions } from '../rig/emulators/requests.ts'
import type { Stage } from '../rig/emulators/stage.ts'
import type { Answer, TwinRequest, Twins } from './twins.ts'

export type Ask = (request: TwinRequest) => Promise<Answer>

/**
 * Adds tests that ask both and want the same answer.
 * @param accepted title → why its two answers may differ, which they then must
 */
export function comparing(
  test: Test,
  both: () => Twins,
  accepted: Readonly<Record<string, string>>,
): (title: string, ask: (one: Ask) => Promise<Answer>) => void {
  return (title, ask) => {
    const reason = accepted[title]
    test(reason === undefined ? title : `${title}: differs, since ${reason}`, async () => {
      const real = comparable(await ask(async (request) => both().real(request)))
      const emulated = comparable(await ask(async (request) => both().emulated(request)))
      if (reason === undefined) assert.equal(emulated, real)
      else assert.not.equal(emulated, real)
    })
  }
}

/** The same service-account token for both, whenever it is asked for. */
export function sharedTokens(stage: () => Stage): (key: string, request?: TokenRequest) => string {
  const tokens = new Map<string, string>()
  return (key, request = {}) => {
    const token = tokens.get(key) ?? stage().token(request)
    tokens.set(key, token)
    return token
  }
}

const csrs = new Map<string, Promise<string>>()

/** The same request to sign for both. */
export function sharedCsr(options: CsrOptions): Promise<string> {
  const key = JSON.stringify(options)
  const csr = csrs.get(key) ?? signingRequest(options)
  csrs.set(key, csr)
  return csr
}

export function login(method: string, body: object): TwinRequest {
  return { method: 'POST', path: `auth/${method}/login`, body: JSON.stringify(body) }
}

/** The Vault token of a login by jwt auth. */
export async function vaultToken(ask: Ask, jwt: string, role = 'app'): Promise<string> {
  const answer = await ask(login('jwt', { role, jwt }))
  return (JSON.parse(answer.body) as { auth: { client_token: string } }).auth.client_token
}

/** Their values differ from answer to answer; everything else must be the same. */
const OWN = [
  'request_id',
  'client_token',
  'accessor',
  'entity_id',
  'serial_number',
  'expiration',
  'ca_chain',
  'issuing_ca',
  // Of sys/health.
  'server_time_utc',
  'cluster_id',
  'cluster_name',
  'echo_duration_ms',
]

/** What can be compared: status, media type, and the JSON with what is each answer's own reduced to its kind. */
function comparable(answer: Answer): unknown {
  return {
    status: answer.status,
    contentType: answer.contentType,
    cacheControl: answer.cacheControl,
    json: answer.body === '' ? '' : reduced(JSON.parse(answer.body)),
  }
}

function reduced(value: unknown, key = ''): unknown {
  if (key === 'certificate' && typeof value === 'string') return described(value)
  if (OWN.includes(key)) return kindOf(value)
  if (typeof value === 'string') return value.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
  if (Array.isArray(value)) return value.map((one) => reduced(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, reduced(one, name)]),
  )
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `<${value.length} of ${typeof value[0]}>`
  return typeof value === 'string' && value === '' ? '<empty>' : `<${typeof value}>`
}

/** Everything that a role decides; the rest is random or the moment's. */
function described(pem: string): object {
  const x509 = new X509Certificate(pem)
  const { version, isAuthority, keyUsage, signatureOid, serial } = readCertificate(x509.raw)
  return {
    version,
    subject: x509.subject,
    names: x509.subjectAltName,
    isAuthority,
    keyUsage,
    extendedKeyUsage: x509.keyUsage,
    key: x509.publicKey.asymmetricKeyDetails,
    // Its two ends are taken from the clock one after the other, so a second may lie between.
    tenSeconds: Math.round((x509.validToDate.getTime() - x509.validFromDate.getTime()) / 10_000),
    serialIsPositive: serial > 0n,
    signatureOid,
  }
}
