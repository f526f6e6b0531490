/** A call of IAM or STS as it is on the wire: a form with an action. IAM User Guide, "Calling the IAM API using HTTP query requests". */
import type { EmulatorRequest } from '../emulators/http.ts'

/** As IAM names it: `iam:CreateRole`. The service stands in the signature's scope alone. */
export function actionOf(request: EmulatorRequest): string {
  const service = /\/([a-z0-9-]+)\/aws4_request/.exec(request.header('authorization') ?? '')?.[1] ?? 'unknown'
  return `${service}:${formOf(request).get('Action') ?? 'unknown'}`
}

export function formOf(request: EmulatorRequest): URLSearchParams {
  return new URLSearchParams(request.body.toString())
}

export interface FormTag {
  readonly key: string
  readonly value: string
}

export function tagsIn(form: URLSearchParams): readonly FormTag[] {
  return [...form].flatMap(([name, key]) => {
    const index = /^Tags\.member\.(\d+)\.Key$/.exec(name)?.[1]
    return index === undefined ? [] : [{ key, value: form.get(`Tags.member.${index}.Value`) ?? '' }]
  })
}
