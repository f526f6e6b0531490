/** The paths of the instance metadata service: the role with its credentials, the region, and lists of both. */
import { textAnswer, type Answer } from './answer.ts'
import type { EndpointName } from './request-counts.ts'

/** `latest`, or a version by its date, which older tools name: kube2iam too took any. */
const VERSION = /^\/(?:latest|\d{4}-\d{2}-\d{2})(?=\/|$)/

const SESSION = '/api/token'
const ROLES = '/meta-data/iam/security-credentials'
/** Asked for by the SDKs for JavaScript, Ruby and Rust. */
const REGION = '/meta-data/placement/region'
/** Of this the SDKs for Java, Go and .NET read `region`. */
const IDENTITY = '/dynamic/instance-identity/document'

export interface MetadataPaths {
  nameOf(path: string): EndpointName
  isRole(path: string, roleName: string): boolean
  /** At a path of the region, or a list. @param account of the credentials, if known */
  answer(path: string, account: string | undefined): Answer | undefined
}

/**
 * Nothing is made up. The availability zone is the machine's and unknown here; `iam/info` would name an instance
 * profile, and there is none.
 * @param region undefined: there are no paths for it
 */
export function metadataPaths(region: string | undefined): MetadataPaths {
  const ofRegion = region === undefined ? [] : [REGION, IDENTITY]
  const lists = listsOf([`${ROLES}/`, ...ofRegion])
  const nameBelow = (path: string): EndpointName => {
    if (path === SESSION) return 'imds-session'
    if (path === ROLES) return 'imds-roles'
    if (path.startsWith(`${ROLES}/`)) return 'imds-credentials'
    if (ofRegion.includes(path)) return 'imds-region'
    return lists.has(path) ? 'imds-list' : 'other'
  }
  return {
    nameOf(path) {
      const below = belowVersion(path)
      return below === undefined ? 'other' : nameBelow(below)
    },
    isRole(path, roleName) {
      const name = belowVersion(path)?.slice(ROLES.length + 1)
      // Some readers escape the characters `+=,@` in a role's name.
      return name === roleName || name === encodeURIComponent(roleName)
    },
    answer(path, account) {
      const below = belowVersion(path) ?? ''
      if (region !== undefined && below === REGION) return textAnswer(200, region)
      if (region !== undefined && below === IDENTITY) return textAnswer(200, identityOf(region, account))
      return lists.get(below)
    },
  }
}

function belowVersion(path: string): string | undefined {
  const [version] = VERSION.exec(path) ?? []
  return version === undefined ? undefined : path.slice(version.length)
}

/** One member to a line and a blank before each colon, as on EC2: scripts take it apart with grep and cut. */
function identityOf(region: string, account: string | undefined): string {
  return JSON.stringify({ accountId: account, region }, null, 2).replaceAll('":', '" :')
}

/** What is directly below each directory. As on EC2, a directory's name ends in a slash except below the version. */
function listsOf(paths: readonly string[]): ReadonlyMap<string, Answer> {
  const names = new Map<string, Set<string>>()
  for (const path of paths) {
    const parts = path.split('/').slice(1)
    for (const [depth, part] of parts.entries()) {
      const above = parts
        .slice(0, depth)
        .map((name) => `/${name}`)
        .join('')
      if (part === '') continue
      const slash = depth > 0 && depth < parts.length - 1 ? '/' : ''
      names.set(above, (names.get(above) ?? new Set()).add(`${part}${slash}`))
    }
  }
  return new Map([...names].map(([path, found]) => [path, textAnswer(200, [...found].sort().join('\n'))]))
}
