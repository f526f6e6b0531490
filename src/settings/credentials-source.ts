/** Where the credentials come from: Vault's PKI, mounted files or Vault's AWS secrets engine, and never two of them. */
import type { CredentialsSource } from '../sources/sources.ts'
import type { MountedCertificateSettings } from '../certificate/settings.ts'
import type { AwsConnection } from '../aws/connection.ts'
import type { VaultAwsSettings } from '../vault-aws/lease-credentials.ts'
import { awsAddress } from './addresses.ts'
import { roleArn } from './arn.ts'
import { stsEndpoint } from './endpoint.ts'
import type { OptionName } from './options.ts'
import type { Reader } from './reader.ts'
import {
  awsConnection,
  certificateSection,
  derivedEndpoint,
  exchangeSection,
  present,
  vaultSection,
} from './sections.ts'
import * as values from './values.ts'

/** What can mean one source only; the rest of a source's settings may stand in a pod's env for all of them. */
const OF_PKI = ['VAULT_CERT_NAME', 'VAULT_CERT_CN'] as const
const OF_FILES = ['CERTIFICATE_FILE', 'PRIVATE_KEY_FILE', 'CERTIFICATE_CHAIN_FILE'] as const
const OF_ROLES_ANYWHERE = ['ANCHOR_ARN', 'TRUST_ANCHOR_ARN', 'PROFILE_ARN'] as const

/** @param deadlineSeconds undefined where DEADLINE itself is wrong. */
export function sourceSection(
  reader: Reader,
  deadlineSeconds: number | undefined,
): CredentialsSource | undefined {
  if (reader.isSet('VAULT_AWS_PATH')) {
    refuseBeside(reader, 'VAULT_AWS_PATH', [...OF_PKI, ...OF_FILES, ...OF_ROLES_ANYWHERE])
    const [vault, aws] = [vaultSection(reader), vaultAwsSection(reader)]
    return vault === undefined || aws === undefined ? undefined : { kind: 'vault-aws', vault, aws }
  }
  if (reader.isSet('CERTIFICATE_FILE')) {
    refuseBeside(reader, 'CERTIFICATE_FILE', OF_PKI)
    const [certificate, exchange] = [mountedSection(reader), exchangeSection(reader)]
    if (certificate === undefined || exchange === undefined) return undefined
    return { kind: 'mounted-certificate', certificate, exchange }
  }
  for (const name of OF_FILES) {
    if (reader.source(name).state !== 'given') continue
    reader.problem(name, { wrong: 'is set without CERTIFICATE_FILE', expected: 'both, or neither' })
  }
  const vault = vaultSection(reader)
  const certificate = certificateSection(reader, deadlineSeconds)
  const exchange = exchangeSection(reader)
  if (vault === undefined || certificate === undefined || exchange === undefined) return undefined
  return { kind: 'vault-pki', vault, certificate, exchange }
}

/** What is left over from another source would say two things at once. What is refused has its own problem. */
function refuseBeside(reader: Reader, chosen: OptionName, others: readonly OptionName[]): void {
  for (const name of reader.source(chosen).state === 'given' ? others : []) {
    if (reader.source(name).state !== 'given') continue
    reader.problem(name, {
      wrong: `is set together with ${chosen}, which is another source of credentials`,
      expected: 'one of them',
    })
  }
}

function mountedSection(reader: Reader): MountedCertificateSettings | undefined {
  const certificateFile = reader.take('CERTIFICATE_FILE', values.anyText)
  const privateKeyFile = reader.take('PRIVATE_KEY_FILE', values.anyText)
  const chainFile = reader.take('CERTIFICATE_CHAIN_FILE', values.anyText)
  if (certificateFile === undefined || privateKeyFile === undefined) return undefined
  return { certificateFile, privateKeyFile, ...present({ chainFile }) }
}

function vaultAwsSection(reader: Reader): VaultAwsSettings | undefined {
  const path = reader.take('VAULT_AWS_PATH', values.vaultAwsPath)
  const sts = stsSection(reader)
  const optional = present({
    roleArn: reader.find('ROLE_ARN', roleArn),
    durationSeconds: reader.take('SESSION_DURATION', values.wholeSeconds(900, 43_200)),
    sessionName: reader.take('SESSION_NAME', values.sessionName),
  })
  return path === undefined || sts === undefined ? undefined : { path, sts, ...optional }
}

/** Keys of an IAM user are known in every region of a partition, so without a word any of them will do. */
const ANY_REGION = 'us-east-1'

function stsSection(reader: Reader): AwsConnection | undefined {
  const region = reader.take('AWS_REGION', values.region) ?? ANY_REGION
  const derived = derivedEndpoint(reader, 'AWS_ENDPOINT_URL_STS', (variant) =>
    stsEndpoint({ region, ...variant }),
  )
  const endpoint = reader.take('AWS_ENDPOINT_URL_STS', awsAddress) ?? derived
  return endpoint === undefined ? undefined : { region, endpoint, ...awsConnection(reader, endpoint) }
}
