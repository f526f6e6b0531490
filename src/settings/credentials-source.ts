/** Where the credentials come from: Vault's PKI, mounted files or Vault's AWS secrets engine, and never two of them. */
import type { CredentialsSource } from '../sources/sources.ts'
import type { MountedCertificateSettings } from '../certificate/settings.ts'
import type { AwsConnection } from '../aws/connection.ts'
import type { VaultAwsSettings } from '../vault-aws/settings.ts'
import { ANY_REGION, stsEndpoint } from './endpoint.ts'
import { CHOICES, OPTIONS, type SourceKind } from './options.ts'
import type { Reader } from './reader.ts'
import {
  awsConnection,
  certificateSection,
  derivedEndpoint,
  exchangeSection,
  present,
  vaultSection,
} from './sections.ts'

/** @param deadlineSeconds undefined if DEADLINE itself is wrong. */
export function sourceSection(
  reader: Reader,
  deadlineSeconds: number | undefined,
): CredentialsSource | undefined {
  const kind = reader.sourceKind()
  refuseOthers(reader, kind)
  switch (kind) {
    case 'vault-aws': {
      const [vault, aws] = [vaultSection(reader), vaultAwsSection(reader)]
      return vault === undefined || aws === undefined ? undefined : { kind, vault, aws }
    }
    case 'mounted-certificate': {
      const [certificate, exchange] = [mountedSection(reader), exchangeSection(reader)]
      return certificate === undefined || exchange === undefined ? undefined : { kind, certificate, exchange }
    }
    case 'vault-pki': {
      const vault = vaultSection(reader)
      const certificate = certificateSection(reader, deadlineSeconds)
      const exchange = exchangeSection(reader)
      if (vault === undefined || certificate === undefined || exchange === undefined) return undefined
      return { kind, vault, certificate, exchange }
    }
  }
}

/**
 * Settings of another source would be contradictory. A setting that was refused already has its own problem. No setting
 * chooses Vault's PKI, so only companions of CERTIFICATE_FILE can be left over with it.
 */
function refuseOthers(reader: Reader, kind: SourceKind): void {
  const chosenBy = CHOICES.find((choice) => choice.kind === kind)?.by
  if (chosenBy !== undefined && reader.source(chosenBy).state !== 'given') return
  for (const { name, only } of OPTIONS) {
    if (only === undefined || only.includes(kind) || reader.source(name).state !== 'given') continue
    reader.problem(
      name,
      chosenBy === undefined
        ? { wrong: 'is set without CERTIFICATE_FILE', expected: 'both, or neither' }
        : {
            wrong: `is set together with ${chosenBy}, which is another source of credentials`,
            expected: 'one of them',
          },
    )
  }
}

function mountedSection(reader: Reader): MountedCertificateSettings | undefined {
  const certificateFile = reader.take('CERTIFICATE_FILE')
  const privateKeyFile = reader.take('PRIVATE_KEY_FILE')
  const chainFile = reader.take('CERTIFICATE_CHAIN_FILE')
  if (certificateFile === undefined || privateKeyFile === undefined) return undefined
  return { certificateFile, privateKeyFile, ...present({ chainFile }) }
}

function vaultAwsSection(reader: Reader): VaultAwsSettings | undefined {
  const path = reader.take('VAULT_AWS_PATH')
  const sts = stsSection(reader)
  const optional = present({
    roleArn: reader.take('ROLE_ARN'),
    durationSeconds: reader.take('SESSION_DURATION'),
    sessionName: reader.take('SESSION_NAME'),
  })
  return path === undefined || sts === undefined ? undefined : { path, sts, ...optional }
}

function stsSection(reader: Reader): AwsConnection | undefined {
  const region = reader.take('AWS_REGION') ?? ANY_REGION
  const derived = derivedEndpoint(reader, 'AWS_ENDPOINT_URL_STS', (variant) =>
    stsEndpoint({ region, ...variant }),
  )
  const endpoint = reader.take('AWS_ENDPOINT_URL_STS') ?? derived
  return endpoint === undefined ? undefined : { region, endpoint, ...awsConnection(reader, endpoint) }
}
