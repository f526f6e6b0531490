/**
 * The session tags that Roles Anywhere makes of a certificate. IAM Roles Anywhere User Guide, "Certificate attribute
 * mapping", with the default rules as it prints them.
 */
import type { DistinguishedName } from './certificate.ts'
import type { ReadCertificate } from './read-certificate.ts'

export const FIELDS = ['x509Subject', 'x509Issuer', 'x509SAN'] as const

export interface AttributeMapping {
  readonly certificateField: (typeof FIELDS)[number]
  readonly mappingRules: readonly { readonly specifier: string }[]
}

export const DEFAULT_MAPPINGS: readonly AttributeMapping[] = [
  { certificateField: 'x509Issuer', mappingRules: [{ specifier: '*' }] },
  {
    certificateField: 'x509SAN',
    mappingRules: [{ specifier: 'DNS' }, { specifier: 'URI' }, { specifier: 'Name/*' }],
  },
  { certificateField: 'x509Subject', mappingRules: [{ specifier: '*' }] },
]

/** IAM User Guide, "Passing session tags in AWS STS": one with another character makes the whole request fail. */
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u

/** By key, such as `x509Subject/CN`; undefined if a value cannot be a tag. Directory names among the SANs are left out. */
export function sessionTags(
  leaf: ReadCertificate,
  mappings: readonly AttributeMapping[] = DEFAULT_MAPPINGS,
): Readonly<Record<string, string>> | undefined {
  const found = [
    ...named('x509Subject', leaf.subject),
    ...named('x509Issuer', leaf.issuer),
    ...alternative('DNS', leaf),
    ...alternative('URI', leaf),
  ].filter(([field, specifier]) =>
    mappings.some(
      ({ certificateField, mappingRules }) =>
        certificateField === field &&
        mappingRules.some(
          (rule) => rule.specifier === specifier || (rule.specifier === '*' && field !== 'x509SAN'),
        ),
    ),
  )
  if (!found.every(([, , value]) => TAG_VALUE.test(value))) return undefined
  return Object.fromEntries(found.map(([field, specifier, value]) => [`${field}/${specifier}`, value]))
}

type Attribute = readonly [field: AttributeMapping['certificateField'], specifier: string, value: string]

function named(field: AttributeMapping['certificateField'], name: DistinguishedName): readonly Attribute[] {
  return name.map(([kind, value]) => [field, kind, value] as const)
}

/** The first of its type. */
function alternative(type: 'DNS' | 'URI', leaf: ReadCertificate): readonly Attribute[] {
  const first = (leaf.x509.subjectAltName ?? '').split(', ').find((name) => name.startsWith(`${type}:`))
  return first === undefined ? [] : [['x509SAN', type, first.slice(type.length + 1)]]
}
