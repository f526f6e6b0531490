/** What a CreateSession request asks for, from its body and its query, checked member by member. */
import { queryMembers } from './canonical.ts'
import type { EmulatorRequest } from './http.ts'

export interface SessionMembers {
  readonly profileArn: string
  readonly roleArn: string
  readonly trustAnchorArn: string
  readonly durationSeconds: number | undefined
  readonly roleSessionName: string | undefined
  readonly hasInstanceProperties: boolean
}

/** The members, or what is wrong with them. Unknown ones are passed over, as restJson1 servers do. */
export function readMembers(request: EmulatorRequest): SessionMembers | { readonly fault: string } {
  const body = readBody(request.body)
  if (body === undefined) return { fault: 'the body is no JSON object' }
  const query = queryMembers(request.query)
  const faults: string[] = []

  // The ARNs may stand in either place; AWS's own helper puts them into the query, other clients into the body.
  const arn = (name: string): string => {
    const value = query.get(name) ?? body[name]
    if (typeof value === 'string' && /^arn:aws[a-zA-Z-]*:/.test(value)) return value
    const shown = value === undefined || value === null ? 'null' : 'it'
    const rule = shown === 'null' ? 'Member must not be null' : 'Member must be an ARN'
    faults.push(`Value ${shown} at '${name}' failed to satisfy constraint: ${rule}`)
    return ''
  }
  const profileArn = arn('profileArn')
  const roleArn = arn('roleArn')
  const trustAnchorArn = arn('trustAnchorArn')

  const seconds = body['durationSeconds'] ?? undefined
  const atLeast = 900
  const atMost = 43200
  if (seconds !== undefined && (typeof seconds !== 'number' || !Number.isInteger(seconds))) {
    faults.push(`Value at 'durationSeconds' failed to satisfy constraint: Member must be an integer`)
  } else if (seconds !== undefined && seconds < atLeast) {
    faults.push(below(seconds, `greater than or equal to ${atLeast}`))
  } else if (seconds !== undefined && seconds > atMost) {
    faults.push(below(seconds, `less than or equal to ${atMost}`))
  }

  const name = body['roleSessionName'] ?? undefined
  const pattern = /^[\w+=,.@-]{2,64}$/
  if (name !== undefined && (typeof name !== 'string' || !pattern.test(name))) {
    faults.push(
      `Value at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}`,
    )
  }

  if (faults.length > 0) {
    return {
      fault: `${faults.length} validation error${faults.length > 1 ? 's' : ''} detected: ${faults.join('; ')}`,
    }
  }
  return {
    profileArn,
    roleArn,
    trustAnchorArn,
    durationSeconds: typeof seconds === 'number' ? seconds : undefined,
    roleSessionName: typeof name === 'string' ? name : undefined,
    hasInstanceProperties:
      typeof body['instanceProperties'] === 'object' && body['instanceProperties'] !== null,
  }
}

function below(value: number, rule: string): string {
  return `Value '${value}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${rule}`
}

function readBody(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(body.toString())
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
