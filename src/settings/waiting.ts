/** The settings of wait. */
import type { Reader } from './reader.ts'
import type { WaitSettings } from './settings.ts'

export function waitSettings(reader: Reader): WaitSettings | undefined {
  const endpoint = reader.take('AWS_CONTAINER_CREDENTIALS_FULL_URI')
  const tokenFile = reader.take('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  const deadline = reader.take('DEADLINE')
  if (endpoint === undefined || tokenFile === undefined || deadline === undefined) return undefined
  return { endpoint, tokenFile, deadlineMs: deadline * 1000 }
}
