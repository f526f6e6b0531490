/** What serve and renew have besides: where they listen, and for whom. */
import type { HealthSettings } from '../endpoint/settings.ts'
import type { ServeSettings } from './settings.ts'
import { listenAddress } from './addresses.ts'
import type { Reader } from './reader.ts'
import { inHome, present } from './sections.ts'
import * as values from './values.ts'

export function servingSection(
  reader: Reader,
  home: string | undefined,
): Pick<ServeSettings, 'endpoint' | 'health'> | undefined {
  const port = reader.take('ENDPOINT_PORT', values.port)
  const tokenFile = reader.take('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', inHome(home))
  const tokenFileMode = reader.take('FILE_MODE', values.fileMode)
  const imdsV1 = reader.take('IMDS_V1', values.boolean)
  const health = healthSection(reader)
  // Whatever its address: 0.0.0.0 has the endpoint's 127.0.0.1 in it.
  if (health !== undefined && health.port === port) {
    reader.problem('HEALTH_ADDR', { wrong: 'has the port of ENDPOINT_PORT', expected: 'another port' })
  }
  if (port === undefined || tokenFile === undefined) return undefined
  if (tokenFileMode === undefined || imdsV1 === undefined) return undefined
  return { endpoint: { port, tokenFile, tokenFileMode, imdsV1 }, ...present({ health }) }
}

export function healthSection(reader: Reader): HealthSettings | undefined {
  return reader.take('HEALTH_ADDR', listenAddress)
}
