/**
 * Vault's PKI engine, signing a request by a role. Vault's API documentation, PKI "Sign certificate"; checks, sentences
 * and defaults are those of Vault 1.19.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { CertificationRequest } from '@peculiar/asn1-csr'
import { Extensions, id_ce_subjectAltName, SubjectAlternativeName } from '@peculiar/asn1-x509'
import { pemOf, randomSerial, type Authority } from './authority.ts'
import { SIGNATURE_OIDS, signCertificate, type AlternativeNames, type KeyUsageName } from './certificate.ts'
import { commonName } from './read-certificate.ts'
import { badRequest, durationFault, goDuration, parseDuration, textField } from './vault-answer.ts'
import { allowedNames, type Entity, type NameRules } from './vault-names.ts'

export interface PkiRole extends NameRules {
  readonly keyType: 'rsa' | 'ec' | 'any'
  /** A minimum. Default 2048 for RSA, 256 for EC; with `any` it does not count. */
  readonly keyBits?: number
  readonly keyUsage: readonly KeyUsageName[]
  readonly clientFlag: boolean
  readonly serverFlag: boolean
  readonly useCsrCommonName: boolean
  readonly useCsrSans: boolean
  /** Seconds. Default the mount's 768 hours. */
  readonly ttlSeconds?: number
  readonly maxTtlSeconds?: number
  /** Seconds that a certificate is valid before it was asked for. Default 30. */
  readonly notBeforeSeconds?: number
}

export interface PkiMount {
  readonly issuer: Authority
  /** What `ca_chain` holds besides the issuer: its root too, nothing more, or the member is missing altogether. */
  readonly caChain: 'with-root' | 'without-root' | 'absent'
  readonly roles: Readonly<Record<string, PkiRole>>
}

/** A role as Vault makes it where nothing is set. */
export const DEFAULT_PKI_ROLE: PkiRole = {
  allowedDomains: [],
  allowedDomainsTemplate: false,
  allowBareDomains: false,
  allowSubdomains: false,
  allowGlobDomains: false,
  allowAnyName: false,
  allowLocalhost: true,
  allowWildcardCertificates: true,
  allowIpSans: true,
  enforceHostnames: true,
  allowedUriSans: [],
  allowedUriSansTemplate: false,
  cnValidations: ['email', 'hostname'],
  requireCn: true,
  keyType: 'rsa',
  keyUsage: ['digitalSignature', 'keyAgreement', 'keyEncipherment'],
  clientFlag: true,
  serverFlag: true,
  useCsrCommonName: true,
  useCsrSans: true,
}

const SYSTEM_TTL_SECONDS = 768 * 3600

export interface Signed {
  readonly data: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
}

/** @throws VaultRefusal */
export function signByRole(
  mount: PkiMount,
  roleName: string,
  body: Readonly<Record<string, unknown>>,
  entity: Entity,
  nowMs: number,
): Signed {
  const role = Object.hasOwn(mount.roles, roleName) ? mount.roles[roleName] : undefined
  if (role === undefined) throw badRequest(`unknown role: ${roleName}`)
  const request = readRequest(textField(body['csr']))
  checkKey(role, request.publicKey)

  const asked = (name: string): string => textField(body[name])
  const cn = (role.useCsrCommonName ? request.commonName : '') || asked('common_name')
  const requested = role.useCsrSans
    ? request.names
    : namesOf(asked('alt_names'), asked('uri_sans'), asked('ip_sans'))
  const names = allowedNames(role, entity, cn, requested)
  const warnings: string[] = []
  const seconds = lifetime(role, body['ttl'], warnings)
  const notAfterMs = nowMs + seconds * 1000
  if (notAfterMs > mount.issuer.notAfterMs) {
    const [asked, last] = [notAfterMs, mount.issuer.notAfterMs].map((ms) => new Date(ms).toISOString())
    throw badRequest(
      `cannot satisfy request, as TTL would result in notAfter of ${asked} that is beyond the expiration of the CA certificate at ${last}`,
    )
  }
  if (!request.isSigned) throw badRequest('request signature invalid')

  const serial = randomSerial()
  const der = signCertificate(
    {
      // Other parts of the request's subject are dropped: only the role can add them.
      subject: cn === '' ? [] : [['CN', cn]],
      publicKey: request.publicKey,
      serial,
      notBeforeMs: nowMs - (role.notBeforeSeconds ?? 30) * 1000,
      notAfterMs,
      keyUsage: role.keyUsage,
      extendedKeyUsage: [
        ...(role.serverFlag ? ['serverAuth' as const] : []),
        ...(role.clientFlag ? ['clientAuth' as const] : []),
      ],
      names,
    },
    mount.issuer,
  )
  if (role.useCsrCommonName && asked('common_name') !== '') {
    warnings.push(
      'the common_name field was provided but the role is set with "use_csr_common_name" set to true',
    )
  }
  if (role.useCsrSans && asked('alt_names') !== '') {
    warnings.push('the alt_names field was provided but the role is set with "use_csr_sans" set to true')
  }
  const withoutRoot = mount.caChain === 'without-root' || body['remove_roots_from_chain'] === true
  const chain =
    withoutRoot && mount.issuer.chain.length > 1 ? mount.issuer.chain.slice(0, -1) : mount.issuer.chain
  return {
    data: {
      ...(mount.caChain === 'absent' ? {} : { ca_chain: chain }),
      certificate: pemOf('CERTIFICATE', der),
      expiration: Math.floor(notAfterMs / 1000),
      issuing_ca: mount.issuer.pem,
      serial_number: serial.toString('hex').replace(/(..)(?!$)/g, '$1:'),
    },
    warnings,
  }
}

interface SigningRequest {
  readonly publicKey: KeyObject
  readonly commonName: string
  readonly names: AlternativeNames
  /** Whether the requester holds the key: the request's own signature. */
  readonly isSigned: boolean
}

function readRequest(csr: string): SigningRequest {
  if (csr === '') throw badRequest('"csr" is empty')
  const block = /-----BEGIN [^-]+-----([A-Za-z0-9+/=\s]+)-----END [^-]+-----/.exec(csr)
  if (block === null) throw badRequest('csr contains no data')
  try {
    const request = AsnConvert.parse(Buffer.from(block[1] ?? '', 'base64'), CertificationRequest)
    const info = request.certificationRequestInfo
    const spki = Buffer.from(AsnConvert.serialize(info.subjectPKInfo))
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    const extensionRequest = info.attributes.find(({ type }) => type === '1.2.840.113549.1.9.14')?.values[0]
    const extensions = extensionRequest === undefined ? [] : AsnConvert.parse(extensionRequest, Extensions)
    const san = extensions.find(({ extnID }) => extnID === id_ce_subjectAltName)
    const general = san === undefined ? [] : AsnConvert.parse(san.extnValue.buffer, SubjectAlternativeName)
    const family = publicKey.asymmetricKeyType === 'rsa' ? SIGNATURE_OIDS.rsa : SIGNATURE_OIDS.ec
    const hash = (['sha256', 'sha384', 'sha512'] as const).find(
      (name) => family[name] === request.signatureAlgorithm.algorithm,
    )
    const signed = Buffer.from(request.certificationRequestInfoRaw ?? new ArrayBuffer(0))
    return {
      publicKey,
      commonName: commonName(info.subject) ?? '',
      names: {
        dns: general.flatMap(({ dNSName }) => dNSName ?? []),
        uris: general.flatMap(({ uniformResourceIdentifier }) => uniformResourceIdentifier ?? []),
        ips: general.flatMap(({ iPAddress }) => iPAddress ?? []),
        emails: general.flatMap(({ rfc822Name }) => rfc822Name ?? []),
      },
      isSigned: hash !== undefined && verify(hash, signed, publicKey, Buffer.from(request.signature)),
    }
  } catch {
    throw badRequest('certificate request could not be parsed: asn1: structure error')
  }
}

function checkKey(role: PkiRole, key: KeyObject): void {
  const type = key.asymmetricKeyType
  if (role.keyType !== 'any' && type !== role.keyType)
    throw badRequest(`role requires keys of type ${role.keyType}`)
  if (type !== 'rsa' && type !== 'ec') throw badRequest(`Unknown key type in CSR: ${String(type)}`)
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  const curves: Readonly<Record<string, number>> = {
    secp224r1: 224,
    prime256v1: 256,
    secp384r1: 384,
    secp521r1: 521,
  }
  const bits = modulusLength ?? curves[namedCurve ?? ''] ?? 0
  if (role.keyType === 'any' && type === 'rsa' && bits < 2048) {
    throw badRequest('RSA keys < 2048 bits are unsafe and not supported')
  }
  const standard = type === 'rsa' ? 2048 : 256
  const least = role.keyType === 'any' ? (type === 'rsa' ? 2048 : 224) : (role.keyBits ?? standard)
  if (bits < least) {
    throw badRequest(`role requires a minimum of a ${least}-bit key, but CSR's key is ${bits} bits`)
  }
}

/** Seconds; more than the maximum is clamped, with a warning. */
function lifetime(role: PkiRole, ttl: unknown, warnings: string[]): number {
  const requested = ttl === undefined || ttl === null ? 0 : parseDuration(ttl)
  if (requested === undefined || requested < 0) {
    throw badRequest(
      `Field validation failed: error converting input ${String(ttl)} for field "ttl": ${durationFault(ttl)}`,
    )
  }
  const wanted = requested || role.ttlSeconds || SYSTEM_TTL_SECONDS
  const most = role.maxTtlSeconds ?? SYSTEM_TTL_SECONDS
  if (wanted <= most) return wanted
  const clamped = `TTL "${goDuration(wanted)}" is longer than permitted maxTTL "${goDuration(most)}", so maxTTL is being used`
  // Vault says it twice.
  warnings.push(clamped, clamped)
  return most
}

function namesOf(alternative: string, uris: string, ips: string): AlternativeNames {
  const list = (text: string): string[] =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  const names = list(alternative)
  return {
    dns: names.filter((name) => !name.includes('@')),
    emails: names.filter((name) => name.includes('@')),
    uris: list(uris),
    ips: list(ips),
  }
}
