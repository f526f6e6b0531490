/**
 * Which names a PKI role signs. Vault's API documentation, PKI "Create/Update role"; the order of the checks and the
 * sentences are those of Vault 1.19.
 */
import type { AlternativeNames } from './certificate.ts'
import { badRequest } from './vault-answer.ts'
import { glob } from './vault-auth.ts'

export interface NameRules {
  /** Names or templates such as `{{identity.entity.aliases.ACCESSOR.metadata.KEY}}.example`. */
  readonly allowedDomains: readonly string[]
  readonly allowedDomainsTemplate: boolean
  readonly allowBareDomains: boolean
  readonly allowSubdomains: boolean
  readonly allowGlobDomains: boolean
  readonly allowAnyName: boolean
  readonly allowLocalhost: boolean
  readonly allowWildcardCertificates: boolean
  readonly allowIpSans: boolean
  readonly enforceHostnames: boolean
  /** Globs or templates. */
  readonly allowedUriSans: readonly string[]
  readonly allowedUriSansTemplate: boolean
  readonly cnValidations: readonly ('hostname' | 'email' | 'disabled')[]
  readonly requireCn: boolean
}

/** Who asks, as far as templates can name it. */
export interface Entity {
  readonly id: string
  readonly aliases: ReadonlyMap<
    string,
    { readonly name: string; readonly metadata: Readonly<Record<string, string>> }
  >
}

/**
 * The names that go into the certificate: those of the request, and the common name as a DNS name or an e-mail address.
 * @throws VaultRefusal where the role does not allow one of them.
 */
export function allowedNames(
  rules: NameRules,
  entity: Entity,
  commonName: string,
  requested: AlternativeNames,
): AlternativeNames {
  if (commonName === '' && rules.requireCn) {
    throw badRequest(
      'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, unless "require_cn" is set to false',
    )
  }
  const dns = [...requested.dns]
  const emails = [...requested.emails]
  if (commonName.includes('@')) emails.push(commonName)
  else if (commonName !== '') {
    const long = commonName
      .replace(/\.$/, '')
      .split('.')
      .find((label) => label.length === 0 || label.length > 63)
    if (long !== undefined) throw badRequest(`idna: invalid label "${long}"`)
    if (HOSTNAME.test(commonName)) dns.push(commonName)
  }
  if (commonName !== '' && !isCommonNameAllowed(rules, entity, commonName)) {
    throw badRequest(`common name ${commonName} not allowed by this role`)
  }
  const refusedDns = dns.find((name) => !isNameAllowed(rules, entity, name))
  if (refusedDns !== undefined)
    throw badRequest(`subject alternate name ${refusedDns} not allowed by this role`)
  const refusedEmail = emails.find((name) => !isNameAllowed(rules, entity, name))
  if (refusedEmail !== undefined) throw badRequest(`email address ${refusedEmail} not allowed by this role`)
  if (requested.ips.length > 0 && !rules.allowIpSans) {
    throw badRequest(
      'IP Subject Alternative Names are not allowed in this role, but was provided some via CSR',
    )
  }
  if (requested.uris.length > 0 && rules.allowedUriSans.length === 0) {
    throw badRequest('URI Subject Alternative Names are not allowed in this role, but were provided via CSR')
  }
  const patterns = rules.allowedUriSans.map((uri) =>
    rules.allowedUriSansTemplate ? filled(uri, entity) : uri,
  )
  const isUriAllowed = (uri: string): boolean =>
    patterns.some((pattern) => pattern !== undefined && glob(pattern, uri))
  if (!requested.uris.every(isUriAllowed)) {
    throw badRequest('URI Subject Alternative Names were provided via CSR which are not valid for this role')
  }
  return {
    dns: [...new Set(dns)].sort(),
    emails: [...new Set(emails)].sort(),
    ips: requested.ips,
    uris: requested.uris,
  }
}

const LABEL = '([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const HOSTNAME = new RegExp(`^(\\*\\.)?(${LABEL}\\.)*${LABEL}\\.?$`)
const WILDCARD_LABEL = new RegExp(`^(\\*|\\*${LABEL}|${LABEL}\\*|${LABEL}\\*${LABEL})$`)

function isCommonNameAllowed(rules: NameRules, entity: Entity, name: string): boolean {
  if (rules.cnValidations.length === 1 && rules.cnValidations[0] === 'disabled') return true
  if (!isNameAllowed(rules, entity, name)) return false
  if (rules.cnValidations.length === 0) return true
  return rules.cnValidations.includes(name.includes('@') ? 'email' : 'hostname')
}

function isNameAllowed(rules: NameRules, entity: Entity, name: string): boolean {
  const isEmail = name.includes('@')
  const host = isEmail ? name.slice(name.indexOf('@') + 1) : name
  if (isEmail && host.includes('@')) return false
  const isWildcard = host.includes('*')
  const [firstLabel = '', ...labels] = host.split('.')
  const reduced = isWildcard ? labels.join('.') : host
  if (isWildcard) {
    const isWellPlaced = host.split('*').length === 2 && !reduced.includes('*')
    if (!rules.allowWildcardCertificates || !isWellPlaced || isEmail) return false
  }
  if (rules.enforceHostnames) {
    if (reduced !== '' && !HOSTNAME.test(reduced)) return false
    if (isWildcard && !WILDCARD_LABEL.test(firstLabel)) return false
  }
  if (rules.allowAnyName) return true
  if (rules.allowLocalhost && isBelow(['localhost', 'localdomain'], reduced, isWildcard, rules)) return true
  return rules.allowedDomains.some((entry) => {
    const domain = rules.allowedDomainsTemplate ? filled(entry, entity) : entry
    return (
      domain !== undefined && domain !== '' && isInDomain(rules, domain, { name, host, reduced, isWildcard })
    )
  })
}

function isBelow(bases: readonly string[], reduced: string, isWildcard: boolean, rules: NameRules): boolean {
  return bases.some(
    (base) =>
      (reduced === base && (!isWildcard || rules.allowSubdomains)) ||
      (rules.allowSubdomains && reduced.endsWith(`.${base}`)),
  )
}

function isInDomain(
  rules: NameRules,
  domain: string,
  of: {
    readonly name: string
    readonly host: string
    readonly reduced: string
    readonly isWildcard: boolean
  },
): boolean {
  const lower = domain.toLowerCase()
  if (rules.allowBareDomains && (of.name.toLowerCase() === lower || of.host.toLowerCase() === lower))
    return true
  if (rules.allowSubdomains) {
    if (of.reduced.endsWith(`.${domain}`)) return true
    if (of.isWildcard && of.reduced.toLowerCase() === lower) return true
  }
  return rules.allowGlobDomains && domain.includes('*') && glob(lower, of.name.toLowerCase())
}

const TEMPLATE = /\{\{(.*?)\}\}/g

/** A template with the caller's values; undefined where one of them is not known, so that it allows nothing. */
function filled(template: string, entity: Entity): string | undefined {
  const values = new Map(
    [...template.matchAll(TEMPLATE)].map(([, path = '']) => [path, identityValue(path.trim(), entity)]),
  )
  if ([...values.values()].includes(undefined)) return undefined
  return template.replace(TEMPLATE, (_, path: string) => values.get(path) ?? '')
}

function identityValue(path: string, entity: Entity): string | undefined {
  if (path === 'identity.entity.id') return entity.id
  const match = /^identity\.entity\.aliases\.([^.]+)\.(name|id|metadata\.(.+))$/.exec(path)
  const [, accessor = '', what = '', key] = match ?? []
  const alias = entity.aliases.get(accessor)
  if (alias === undefined) return undefined
  if (what === 'name') return alias.name
  return key !== undefined && Object.hasOwn(alias.metadata, key) ? alias.metadata[key] : undefined
}
