/** The additional settings of serve: where it listens, and for which apps. */
import type { ServeSettings } from './settings.ts'
import type { Reader } from './reader.ts'
import { present } from './sections.ts'

export function servingSection(reader: Reader): Pick<ServeSettings, 'endpoint' | 'health'> | undefined {
  const port = reader.take('ENDPOINT_PORT')
  const tokenFile = reader.take('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  const tokenFileMode = reader.take('FILE_MODE')
  const imdsV1 = reader.take('IMDS_V1')
  const health = reader.take('HEALTH_ADDR')
  // Whatever its address: 0.0.0.0 includes the endpoint's 127.0.0.1.
  if (health !== undefined && health.port === port) {
    reader.problem('HEALTH_ADDR', { wrong: 'has the port of ENDPOINT_PORT', expected: 'another port' })
  }
  if (port === undefined || tokenFile === undefined) return undefined
  if (tokenFileMode === undefined || imdsV1 === undefined) return undefined
  return { endpoint: { port, tokenFile, tokenFileMode, imdsV1 }, ...present({ health }) }
}
