/** The parts of Settings, each from its own options; undefined if a problem leaves one incomplete. */
import type { Arn } from '../aws/arn.ts'
import type { AwsConnection } from '../aws/connection.ts'
import type { CertificateSettings } from '../certificate/settings.ts'
import type { ExchangeSettings } from '../exchange/settings.ts'
import type { SinkSettings } from '../sink/settings.ts'
import type { SinkOf } from '../sink/sinks.ts'
import type { LoginSettings, VaultLogin } from '../identity/settings.ts'
import { omitUndefined } from '../text/omit-undefined.ts'
import { isLoopback } from './addresses.ts'
import { arnConflicts } from './arn.ts'
import {
  rolesAnywhereEndpoint,
  type Endpoint,
  type EndpointChoice,
  type EndpointOverride,
} from './endpoint.ts'
import { bypassesProxy } from './no-proxy.ts'
import { MAX_SOURCE_IDENTITY_CN } from './options.ts'
import type { Reader } from './reader.ts'

export function vaultSection(reader: Reader): LoginSettings | undefined {
  const tokenFile = reader.take('SERVICE_ACCOUNT_TOKEN_FILE')
  const login = vaultLogin(reader)
  return login === undefined || tokenFile === undefined ? undefined : { ...login, tokenFile }
}

export function vaultLogin(reader: Reader): VaultLogin | undefined {
  const addr = reader.take('VAULT_ADDR')
  const role = reader.take('VAULT_ROLE')
  const authMethod = reader.take('VAULT_AUTH_METHOD')
  const authMount = reader.take('VAULT_AUTH_MOUNT') ?? authMethod
  const requireTls = reader.take('VAULT_REQUIRE_TLS')
  const optional = omitUndefined({
    caFile: reader.take('VAULT_CACERT'),
    tlsServerName: reader.take('VAULT_TLS_SERVER_NAME'),
    namespace: reader.take('VAULT_NAMESPACE'),
    proxy: reader.take('VAULT_PROXY_ADDR'),
  })
  if (addr?.protocol === 'http:') {
    if (requireTls === true) {
      reader.problem('VAULT_ADDR', { wrong: 'is http while VAULT_REQUIRE_TLS is true', expected: 'https' })
    } else if (!isLoopback(addr)) {
      reader.warnings.push(
        "VAULT_ADDR is http, so the service account's token and the Vault token travel in clear; use https, and VAULT_REQUIRE_TLS=true to refuse http",
      )
    }
  }
  if (addr === undefined || role === undefined) return undefined
  if (authMethod === undefined || authMount === undefined) return undefined
  return { addr, role, authMethod, authMount, ...optional }
}

/** @param deadlineSeconds minimum for CERT_TTL; undefined if DEADLINE itself is wrong. */
export function certificateSection(
  reader: Reader,
  deadlineSeconds: number | undefined,
): CertificateSettings | undefined {
  const signing = signingSection(reader, deadlineSeconds)
  const commonName = reader.take('VAULT_CERT_CN')
  const dnsSans = reader.take('CERT_DNS_SANS') ?? []
  const uriSans = reader.take('CERT_URI_SANS') ?? []
  if (commonName !== undefined && Array.from(commonName).length > MAX_SOURCE_IDENTITY_CN) {
    reader.warnings.push(
      `VAULT_CERT_CN has over ${MAX_SOURCE_IDENTITY_CN} characters, so AWS sets no source identity CN=… for the session; shorten it if a trust policy or CloudTrail needs one`,
    )
  }
  if (signing === undefined || commonName === undefined) return undefined
  return { ...signing, commonName, dnsSans, uriSans }
}

/** Who signs the certificate, whatever its names. @param deadlineSeconds as above */
export function signingSection(
  reader: Reader,
  deadlineSeconds: number | undefined,
): Pick<CertificateSettings, 'pkiMount' | 'pkiRole' | 'keyType' | 'ttl'> | undefined {
  const pkiRole = reader.take('VAULT_CERT_NAME')
  const pkiMount = reader.take('VAULT_PKI_MOUNT')
  const keyType = reader.take('KEY_TYPE')
  const ttl = certificateTtl(reader, deadlineSeconds)
  if (pkiRole === undefined || pkiMount === undefined) return undefined
  return { pkiMount, pkiRole, ...omitUndefined({ keyType, ttl }) }
}

/** As written: Vault parses it itself. */
function certificateTtl(reader: Reader, deadlineSeconds: number | undefined): string | undefined {
  const [seconds, source] = [reader.take('CERT_TTL'), reader.source('CERT_TTL')]
  if (seconds === undefined || source.state !== 'given') return undefined
  if (deadlineSeconds === undefined || seconds >= deadlineSeconds) return source.text
  reader.problem('CERT_TTL', {
    wrong: 'is shorter than DEADLINE, so the certificate could expire during the run',
    expected: `at least ${deadlineSeconds} seconds`,
  })
  return undefined
}

export function exchangeSection(reader: Reader): ExchangeSettings | undefined {
  const role = reader.take('ROLE_ARN')
  const anchor = anchorOf(reader)
  const profile = reader.take('PROFILE_ARN')
  for (const { setting, ...unfit } of arnConflicts({ role, anchor, profile })) reader.problem(setting, unfit)
  const connection = rolesAnywhereConnection(reader, anchor)
  const optional = omitUndefined({
    durationSeconds: reader.take('SESSION_DURATION'),
    sessionName: reader.take('SESSION_NAME'),
  })
  if (role === undefined || anchor === undefined || profile === undefined) return undefined
  if (connection === undefined) return undefined
  return { roleArn: role, anchorArn: anchor, profileArn: profile, ...connection, ...optional }
}

/** @param anchor undefined if it is missing or wrong: the rest is read all the same */
export function rolesAnywhereConnection(reader: Reader, anchor: Arn | undefined): AwsConnection | undefined {
  const derived = derivedEndpoint(
    reader,
    'AWS_ENDPOINT_URL_ROLESANYWHERE',
    anchor &&
      (({ fips, dualStack }) =>
        rolesAnywhereEndpoint({ partition: anchor.partition, region: anchor.region, fips, dualStack })),
  )
  const endpoint = reader.take('AWS_ENDPOINT_URL_ROLESANYWHERE') ?? derived
  const connection = awsConnection(reader, endpoint)
  if (anchor === undefined || endpoint === undefined) return undefined
  return { region: anchor.region, endpoint, ...connection }
}

/** The trust anchor, by either of its names. */
export function anchorOf(reader: Reader): Arn | undefined {
  const name = anchorOption(reader)
  return name === undefined ? undefined : reader.take(name)
}

/** Which of the trust anchor's two names to read; a flag has priority over the environment, whatever its name. */
function anchorOption(reader: Reader): 'ANCHOR_ARN' | 'TRUST_ANCHOR_ARN' | undefined {
  const [own, other] = [reader.source('ANCHOR_ARN'), reader.source('TRUST_ANCHOR_ARN')]
  if (own.state === 'refused' || other.state === 'refused') return undefined
  if (own.state !== 'given') {
    if (own.state === 'absent' && other.state === 'empty') {
      reader.problem('TRUST_ANCHOR_ARN', { wrong: other.where, expected: 'the ARN of the trust anchor' })
      return undefined
    }
    return other.state === 'given' ? 'TRUST_ANCHOR_ARN' : 'ANCHOR_ARN'
  }
  if (other.state !== 'given' || own.text === other.text) return 'ANCHOR_ARN'
  if ((own.origin === 'flag') !== (other.origin === 'flag')) {
    return own.origin === 'flag' ? 'ANCHOR_ARN' : 'TRUST_ANCHOR_ARN'
  }
  reader.problem('ANCHOR_ARN', {
    wrong: 'differs from TRUST_ANCHOR_ARN',
    expected: 'one of them, or both equal',
  })
  return undefined
}

/** The endpoint by region and variant; undefined if a problem was reported, or if the override itself is wrong. */
export function derivedEndpoint(
  reader: Reader,
  override: EndpointOverride,
  derive: ((variant: Pick<EndpointChoice, 'fips' | 'dualStack'>) => Endpoint) | undefined,
): URL | undefined {
  const fips = reader.take('AWS_USE_FIPS_ENDPOINT') ?? false
  const dualStack = reader.take('AWS_USE_DUALSTACK_ENDPOINT') ?? false
  // A wrong override is one problem, not two.
  if (derive === undefined || reader.isSet(override)) return undefined
  const endpoint = derive({ fips, dualStack })
  if ('value' in endpoint) return endpoint.value
  const { setting, ...unfit } = endpoint
  reader.problem(setting, unfit)
  return undefined
}

/** The CA file and proxy for connections to AWS. */
export function awsConnection(
  reader: Reader,
  endpoint: URL | undefined,
): { readonly caFile?: string; readonly proxy?: URL } {
  const proxy = reader.take('HTTPS_PROXY')
  const noProxy = reader.take('NO_PROXY') ?? ''
  return omitUndefined({
    caFile: reader.take('AWS_CA_BUNDLE'),
    proxy: endpoint !== undefined && proxyApplies(endpoint, noProxy) ? proxy : undefined,
  })
}

/** HTTPS_PROXY is for https, as its name says, and nothing on this machine is ever behind a proxy. */
function proxyApplies(endpoint: URL, noProxy: string): boolean {
  return endpoint.protocol === 'https:' && !isLoopback(endpoint) && !bypassesProxy(noProxy, endpoint)
}

export function startSpreadMs(reader: Reader): number | undefined {
  const seconds = reader.take('START_SPREAD')
  return seconds === undefined ? undefined : seconds * 1000
}

/** @param anchorRegion the region for WRITE_REGION if AWS_REGION is unset. */
export function sinkSection(
  reader: Reader,
  anchorRegion: string | undefined,
): SinkOf<'shared-files'> | undefined {
  const credentialsFile = reader.take('AWS_SHARED_CREDENTIALS_FILE')
  const profile = reader.take('AWS_PROFILE')
  const fileMode = reader.take('FILE_MODE')
  const regionFile = regionFileOf(reader, anchorRegion)
  if (credentialsFile === undefined || profile === undefined || fileMode === undefined) return undefined
  return { kind: 'shared-files', credentialsFile, profile, fileMode, ...omitUndefined({ regionFile }) }
}

/** Absent unless WRITE_REGION is true; only then is AWS_REGION read, since it is often set for the app alone. */
function regionFileOf(reader: Reader, anchorRegion: string | undefined): SinkSettings['regionFile'] {
  if (reader.take('WRITE_REGION') !== true) return undefined
  const path = reader.take('AWS_CONFIG_FILE')
  const region = reader.take('AWS_REGION') ?? anchorRegion
  if (!reader.isSet('AWS_REGION') && reader.isSet('VAULT_AWS_PATH')) {
    reader.problem('WRITE_REGION', {
      wrong:
        'is true without AWS_REGION, and with VAULT_AWS_PATH there is no trust anchor to take the region from',
      expected: 'AWS_REGION to be set',
    })
  }
  return path === undefined || region === undefined ? undefined : { path, region }
}
