/** The templates of k8s/aws with their parameters filled in as defaults, so that `aws cloudformation deploy` needs no overrides. */
import { IamRaError } from '../../errors.ts'
import { TEMPLATES } from './templates.ts'

/** The template's own limits, which CloudFormation would only check when it is deployed. */
const MOST_CERTIFICATE_CHARACTERS = 4096
const MOST_CERTIFICATES = 2

/** @param pem with nothing around the certificates @throws IamRaError if it does not fit into a parameter */
export function anchorTemplate(pem: string): string {
  const count = pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0
  if (count > MOST_CERTIFICATES || pem.length > MOST_CERTIFICATE_CHARACTERS) {
    throw new IamRaError(
      'SETTINGS_INVALID',
      'settings',
      `the root has ${count} certificates and ${pem.length} characters; a CloudFormation parameter takes ${MOST_CERTIFICATES} and ${MOST_CERTIFICATE_CHARACTERS}`,
      { hint: 'use iam-ra init without --print, which has no such limit' },
    )
  }
  const lines = pem.trimEnd().split('\n')
  return filledIn(TEMPLATES['trust-anchor.yaml'], {
    Certificate: `|\n${lines.map((line) => `      ${line}`).join('\n')}`,
  })
}

export interface RoleParameters {
  readonly AnchorArn: string
  readonly Cluster: string
  readonly Namespace: string
  readonly Account: string
  /** One CN. */
  readonly IssuerNames: string
  readonly PermissionsPolicyArn: string
  readonly SessionSeconds: number
  readonly MaxSessionSeconds: number
}

export function roleTemplate(parameters: RoleParameters): string {
  const values = Object.entries(parameters).map(
    ([name, value]: readonly [string, string | number]) =>
      [name, typeof value === 'number' ? String(value) : quoted(value)] as const,
  )
  return filledIn(TEMPLATES['role.yaml'], Object.fromEntries(values))
}

/** Names are checked before, but a YAML string must not depend on that. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** @param values in YAML, for parameters of the template */
function filledIn(template: string, values: Readonly<Record<string, string>>): string {
  const lines: string[] = []
  let isParameters = false
  let value: string | undefined
  for (const line of template.split('\n')) {
    // Resources have types too.
    if (/^\w+:/.test(line)) isParameters = line === 'Parameters:'
    const [, parameter] = /^ {2}(\w+):$/.exec(line) ?? []
    if (parameter !== undefined) value = isParameters ? values[parameter] : undefined
    if (/^ {4}Default: /.test(line) && value !== undefined) continue
    lines.push(line)
    if (/^ {4}Type: /.test(line) && value !== undefined) lines.push(`    Default: ${value}`)
  }
  return lines.join('\n')
}
