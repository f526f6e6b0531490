import type { IamRaError } from '../../src/errors.ts'

/** Everything that a user could ever be shown of an error, its causes' messages too. */
export function errorText(error: IamRaError): string {
  const messages: string[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) messages.push(at.message)
  return [...messages, error.hint ?? '', ...error.problems].join('\n')
}
