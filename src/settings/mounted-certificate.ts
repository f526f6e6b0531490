/** The settings of the source whose certificate others issue and mount. */
import type { MountedCertificateSettings } from '../certificate/settings.ts'
import { omitUndefined } from '../text/omit-undefined.ts'
import type { SourceOf } from './credentials-source.ts'
import type { Reader } from './reader.ts'
import { exchangeSection } from './sections.ts'

export function mountedCertificate(reader: Reader): SourceOf<'mounted-certificate'> | undefined {
  const [certificate, exchange] = [mountedSection(reader), exchangeSection(reader)]
  if (certificate === undefined || exchange === undefined) return undefined
  return { kind: 'mounted-certificate', certificate, exchange }
}

function mountedSection(reader: Reader): MountedCertificateSettings | undefined {
  const certificateFile = reader.take('CERTIFICATE_FILE')
  const privateKeyFile = reader.take('PRIVATE_KEY_FILE')
  const chainFile = reader.take('CERTIFICATE_CHAIN_FILE')
  if (certificateFile === undefined || privateKeyFile === undefined) return undefined
  return { certificateFile, privateKeyFile, ...omitUndefined({ chainFile }) }
}
