/** The settings of serve: where it listens, and for whom. */
import { omitUndefined } from '../text/omit-undefined.ts'
import { isLoopbackAddress } from './addresses.ts'
import { sourceSettings } from './credentials-source.ts'
import type { Reader } from './reader.ts'
import { startSpreadMs } from './sections.ts'
import type { ServeSettings } from './settings.ts'

/** Every section is read even if an earlier one failed, so that the problems of each are reported. */
export function servingSettings(reader: Reader): ServeSettings | undefined {
  const from = sourceSettings(reader)
  const startSpread = startSpreadMs(reader)
  const serving = servingSection(reader)
  if (from === undefined || startSpread === undefined || serving === undefined) return undefined
  return { ...from, ...serving, startSpreadMs: startSpread }
}

function servingSection(reader: Reader): Pick<ServeSettings, 'endpoint' | 'health'> | undefined {
  const port = reader.take('ENDPOINT_PORT')
  const tokenFile = reader.take('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  const tokenFileMode = reader.take('FILE_MODE')
  const imdsV1 = reader.take('IMDS_V1')
  const metadata = reader.take('METADATA_ADDR')
  const region = reader.take('METADATA_REGION')
  const health = reader.take('HEALTH_ADDR')
  // Whatever its address: 0.0.0.0 includes the endpoint's 127.0.0.1.
  if (health !== undefined && health.port === port) {
    reader.problem('HEALTH_ADDR', { wrong: 'has the port of ENDPOINT_PORT', expected: 'another port' })
  }
  if (health !== undefined && health.port === metadata?.port) {
    reader.problem('HEALTH_ADDR', { wrong: 'has the port of METADATA_ADDR', expected: 'another port' })
  }
  if (metadata !== undefined && metadata.port === port && isLoopbackAddress(metadata.host)) {
    reader.problem('METADATA_ADDR', { wrong: 'has the port of ENDPOINT_PORT', expected: 'another port' })
  }
  if (port === undefined || tokenFile === undefined) return undefined
  if (tokenFileMode === undefined || imdsV1 === undefined) return undefined
  return {
    endpoint: { port, tokenFile, tokenFileMode, imdsV1, ...omitUndefined({ metadata, region }) },
    ...omitUndefined({ health }),
  }
}
