/**
 * What IAM had of a role's tags and trust policy some writes ago, and answers with that in place of what it has now. A read of
 * the real IAM may be old for seconds: IAM User Guide, "Changes that I make are not always immediately visible".
 */
import type { EmulatorResponse } from '../emulators/http.ts'

export interface Stale {
  /** How many writes old the tags are that a read sees. */
  tags: number
  policies: number
}

interface Versions {
  /** The element `Tags`, from the oldest. */
  readonly tags: string[]
  /** What stands in `AssumeRolePolicyDocument`, percent-encoded. */
  readonly policies: string[]
}

export interface History {
  knows(role: string): boolean
  /** @param answer of GetRole, after the write or before the first */
  record(role: string, action: string, answer: EmulatorResponse): void
  forget(role: string): void
  /** Nothing from before is seen any more, however old reads are. */
  catchUp(): void
  /** A read's answer with what was there; all others as they are. */
  rewrite(action: string, form: URLSearchParams, answer: EmulatorResponse): EmulatorResponse
}

const TAGS = /<Tags>.*?<\/Tags>|<Tags\/>/s
const POLICY = /<AssumeRolePolicyDocument>(.*?)<\/AssumeRolePolicyDocument>/s

/** @param stale looked at for each read */
export function createHistory(stale: Stale): History {
  const roles = new Map<string, Versions>()
  const old = (versions: readonly string[] | undefined, age: number): string | undefined =>
    versions?.[Math.max(0, versions.length - 1 - age)]
  return {
    knows: (role) => roles.has(role),
    record(role, action, { body }) {
      const versions = roles.get(role) ?? { tags: [], policies: [] }
      const first = !roles.has(role)
      roles.set(role, versions)
      if (first || /:(?:Tag|Untag)Role$/.test(action)) versions.tags.push(TAGS.exec(body)?.[0] ?? '<Tags/>')
      if (first || action.endsWith(':UpdateAssumeRolePolicy'))
        versions.policies.push(POLICY.exec(body)?.[1] ?? '')
    },
    forget: (role) => roles.delete(role),
    catchUp() {
      for (const { tags, policies } of roles.values()) {
        tags.splice(0, tags.length - 1)
        policies.splice(0, policies.length - 1)
      }
    },
    rewrite(action, form, answer) {
      if (answer.status !== 200) return answer
      const versions = roles.get(form.get('RoleName') ?? '')
      const tags = stale.tags > 0 ? old(versions?.tags, stale.tags) : undefined
      const policy = stale.policies > 0 ? old(versions?.policies, stale.policies) : undefined
      let { body } = answer
      if (action === 'iam:ListRoleTags' && tags !== undefined) body = body.replace(TAGS, () => tags)
      if (action === 'iam:GetRole' && tags !== undefined)
        body = body.replace(TAGS, '').replace('</Role>', () => `${tags}</Role>`)
      if (action === 'iam:GetRole' && policy !== undefined) body = body.replace(POLICY, () => element(policy))
      if (action === 'iam:ListRoles')
        body = body.replace(
          /(<RoleName>([^<]+)<\/RoleName>.*?)<AssumeRolePolicyDocument>(.*?)<\/AssumeRolePolicyDocument>/gs,
          (_found, before: string, role: string, now: string) =>
            before + element(old(roles.get(role)?.policies, stale.policies) ?? encoded(now)),
        )
      return { ...answer, body }
    },
  }
}

function element(policy: string): string {
  return `<AssumeRolePolicyDocument>${policy}</AssumeRolePolicyDocument>`
}

/** moto's ListRoles leaves it plain; AWS's is percent-encoded, as everywhere. */
function encoded(document: string): string {
  return document.startsWith('%7B') ? document : encodeURIComponent(unescapeXml(document))
}

export function unescapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
  return text.replace(/&(?:#(\d+)|(\w+));/g, (found, code: string | undefined, name: string | undefined) =>
    code === undefined ? (names[name ?? ''] ?? found) : String.fromCodePoint(Number(code)),
  )
}

/** The keys of the role's tags, of an answer to GetRole. */
export function tagKeys({ body }: EmulatorResponse): readonly string[] {
  const tags = TAGS.exec(body)?.[0] ?? ''
  return [...tags.matchAll(/<Key>(.*?)<\/Key>/gs)].map(([, key = '']) => unescapeXml(key))
}

export function trustPolicyOf({ body }: EmulatorResponse): string {
  return decodeURIComponent(POLICY.exec(body)?.[1] ?? '')
}
