/** The settings of the source that takes keys from Vault's AWS secrets engine. */
import type { AwsConnection } from '../aws/connection.ts'
import { omitUndefined } from '../text/omit-undefined.ts'
import type { VaultAwsSettings } from '../vault-aws/settings.ts'
import type { SourceOf } from './credentials-source.ts'
import { ANY_REGION, stsEndpoint } from './endpoint.ts'
import type { Reader } from './reader.ts'
import { awsConnection, derivedEndpoint, vaultSection } from './sections.ts'

export function vaultAws(reader: Reader): SourceOf<'vault-aws'> | undefined {
  const [vault, aws] = [vaultSection(reader), vaultAwsSection(reader)]
  return vault === undefined || aws === undefined ? undefined : { kind: 'vault-aws', vault, aws }
}

function vaultAwsSection(reader: Reader): VaultAwsSettings | undefined {
  const path = reader.take('VAULT_AWS_PATH')
  const sts = stsSection(reader)
  const optional = omitUndefined({
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
