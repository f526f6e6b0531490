/** Whether a namespace's annotations allow a role, here and as kiam and kube2iam read them. */
import { differs, blocks, type Finding } from './finding.ts'
import { arnOf, type RoleArn } from './role-arn.ts'
import { shellWord } from '../../text/shell-word.ts'

export const PERMITTED = 'iam.amazonaws.com/permitted'
export const ALLOWED = 'iam.amazonaws.com/allowed-roles'

export interface Rules {
  /** As the setting `namespace-rules` has it, such as `kiam` or `kiam,kube2iam`. */
  readonly names: string
  /** `glob` or `regexp`. */
  readonly format: string
  readonly base: string
  /** An ARN that kube2iam's rules always allow; empty if there is none. */
  readonly defaultArn: string
}

export interface NamespaceAsks {
  readonly namespace: string
  readonly annotations: Readonly<Record<string, string>>
  /** That its pods ask for. */
  readonly roles: readonly RoleArn[]
}

export function ruleFindings(rules: Rules, asks: NamespaceAsks): readonly Finding[] {
  const names = rules.names.split(',').map((name) => name.trim())
  return [
    ...(names.includes('kiam') ? permittedFindings(rules, asks) : []),
    ...(names.includes('kube2iam') ? allowedFindings(rules, asks) : []),
  ]
}

function permittedFindings(
  { base }: Rules,
  { namespace, annotations, roles }: NamespaceAsks,
): readonly Finding[] {
  const pattern = annotations[PERMITTED] ?? ''
  const command = annotate(namespace, PERMITTED, permittedFor(base, roles))
  if (pattern === '')
    return [blocks('permitted-missing', `permits no role: it has no annotation ${PERMITTED}`, command)]
  const verdicts = roles.map((role) => ({ role, verdict: matchesWhole(pattern, role.arn) }))
  if (verdicts.some(({ verdict }) => verdict === undefined)) {
    const text = `${PERMITTED} is '${pattern}', which cannot be evaluated here: see what a pod is told with kubectl apply --dry-run=server`
    return [differs('pattern-unknown', text)]
  }
  const refused = verdicts.filter(({ verdict }) => verdict === false).map(({ role }) => role)
  if (refused.length === 0) return []
  const why = refused.map((role) => inKiam(pattern, role)).find((one) => one !== '') ?? ''
  const text = `does not permit ${refused.map(({ arn }) => arn).join(', ')}: ${PERMITTED} is '${pattern}'${why}`
  return [blocks('not-permitted', text, command)]
}

/** A pattern that is none on its own could close the group and open another. */
function matchesWhole(pattern: string, text: string): boolean | undefined {
  return matches(pattern, text) === undefined ? undefined : matches(`^(?:${pattern})$`, text)
}

/** If kiam permits it: version 4 anchors without a group, and without strict expressions, as before, it does not anchor. */
function inKiam(pattern: string, { arn, name }: RoleArn): string {
  if (matches(`^${pattern}$`, arn) === true)
    return ': unlike in kiam, each alternative must match the whole ARN'
  const isFound = matches(pattern, arn) === true || matches(pattern, name) === true
  return isFound ? ': unlike in kiam before version 4, it must match the whole ARN' : ''
}

/** Permits exactly these here, and in each version of kiam, which may match the name alone. */
function permittedFor(base: string, roles: readonly RoleArn[]): string {
  const start = arnOf(base, '')
  const [ours, others] = [
    roles.filter(({ arn }) => arn.startsWith(start)),
    roles.filter(({ arn }) => !arn.startsWith(start)),
  ]
  const names = alternatives(ours.map(({ arn }) => arn.slice(start.length)))
  const arns = others.map(({ arn }) => escaped(arn))
  const own = names === '' ? [] : [`(${escaped(start)})?${names}`]
  const all = [...own, ...arns]
  return all.length === 1 ? (all[0] ?? '') : `(${all.join('|')})`
}

function alternatives(names: readonly string[]): string {
  const all = [...new Set(names)].map(escaped)
  return all.length > 1 ? `(${all.join('|')})` : (all[0] ?? '')
}

function escaped(text: string): string {
  return text.replace(/[.+^$()[\]{}|?*\\]/g, '\\$&')
}

function allowedFindings(rules: Rules, { namespace, annotations, roles }: NamespaceAsks): readonly Finding[] {
  const text = annotations[ALLOWED] ?? '[]'
  const names = [...new Set(roles.map(({ arn }) => short(rules.base, arn)))]
  const wanted = rules.format === 'regexp' ? names.map((name) => `${escaped(name)}$`) : names
  const command = annotate(namespace, ALLOWED, JSON.stringify(wanted))
  const patterns = readList(text)
  if (patterns === undefined)
    return [blocks('allowed-roles-invalid', `${ALLOWED} is no JSON array of strings`, command)]
  const verdicts = roles.map((role) => ({ role, verdict: isAllowed(rules, patterns, role) }))
  if (verdicts.some(({ verdict }) => verdict === undefined))
    return [differs('pattern-unknown', `${ALLOWED} has a pattern that cannot be evaluated here`)]
  const refused = verdicts.filter(({ verdict }) => verdict === false)
  if (refused.length === 0) return []
  const arns = refused.map(({ role }) => role.arn).join(', ')
  return [blocks('not-allowed', `does not allow ${arns}: ${ALLOWED} is ${text.trim()}`, command)]
}

function isAllowed(
  { base, format, defaultArn }: Rules,
  patterns: readonly string[],
  { arn }: RoleArn,
): boolean | undefined {
  if (arn === defaultArn) return true
  const verdicts = patterns
    .map((one) => arnOf(base, one))
    .map((one) => (format === 'regexp' ? matches(one, arn) : fits(one, arn)))
  if (verdicts.includes(true)) return true
  return verdicts.includes(undefined) ? undefined : false
}

/** kube2iam's globs know the asterisk only. */
function fits(glob: string, text: string): boolean {
  const [first = '', ...parts] = glob.split('*')
  const last = parts.pop()
  if (last === undefined) return first === text
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false
  const end = text.length - last.length
  let at = first.length
  for (const part of parts) {
    const found = text.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

function short(base: string, arn: string): string {
  const start = arnOf(base, '')
  return arn.startsWith(start) ? arn.slice(start.length) : arn
}

/** The rule of k8s/injection, which reads no other escape in the array's strings. */
const OTHER_ESCAPE = /\\[^"\\/]/

function readList(text: string): readonly string[] | undefined {
  if (OTHER_ESCAPE.test(text.replaceAll('\\\\', ''))) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every((one) => typeof one === 'string') ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Escapes that are the same in RE2 and JavaScript. */
const SAME_ESCAPE = /\\[dDwWsSbBtnrfv!-/:-@[-`{-~]/g
/** Without those, what only one of the two accepts, or reads otherwise. */
const OTHER_SYNTAX = /\(\?(?!:)|\\|\[\[:|\[\^?\]|[*+?}]\+|\{\d{4}|,\d{4,}\}/
/** Quantifiers without an end, of which JavaScript tries all combinations. */
const ENDLESS = /[*+]|\{\d+,\}/g
const MOST_ENDLESS = 4
/** A group that may repeat. */
const NESTED = /\)[*+{]/

/** As RE2 would say; undefined if that is not sure here, or could take too long: the namespace's owner wrote the pattern. */
function matches(pattern: string, text: string): boolean | undefined {
  const isSure = !OTHER_SYNTAX.test(pattern.replace(SAME_ESCAPE, 'x')) && !NESTED.test(pattern)
  if (!isSure || (pattern.match(ENDLESS) ?? []).length > MOST_ENDLESS) return undefined
  try {
    return new RegExp(pattern).test(text)
  } catch {
    return undefined
  }
}

function annotate(namespace: string, key: string, value: string): string {
  return `kubectl annotate namespace ${shellWord(namespace)} --overwrite ${shellWord(`${key}=${value}`)}`
}
