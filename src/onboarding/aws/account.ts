/** The operator's AWS account: credentials, region, endpoints, and the calls that go there. */
import { IAMClient } from '@aws-sdk/client-iam'
import { RolesAnywhereClient } from '@aws-sdk/client-rolesanywhere'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import { IamRaError } from '../../errors.ts'
import type { HttpClient } from '../../net/http.ts'
import { ATTEMPT_MS } from '../../run/retry.ts'
import type { Runtime } from '../../run/runtime.ts'
import { awsAddress, isLoopback, proxyAddress } from '../../settings/addresses.ts'
import { bypassesProxy } from '../../settings/no-proxy.ts'
import type { Check } from '../../settings/values.ts'
import { readCaFile } from '../../x509/ca-file.ts'
import { createHttpHandler } from './http-handler.ts'
import { createIam, type Iam } from './iam.ts'
import { STAGE } from './refusal.ts'
import { createRolesAnywhereCalls, type RolesAnywhere } from './roles-anywhere.ts'
import { NO_RETRIES, send, type SendContext } from './send.ts'

export interface Account {
  readonly partition: string
  /** Its 12 digits. */
  readonly id: string
  readonly region: string
  /** The operator's own identity. */
  readonly callerArn: string
  readonly iam: Iam
  readonly rolesAnywhere: RolesAnywhere
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly interrupt: AbortSignal
  close(): void
}

export interface AccountOptions {
  /** From flags, which override the environment. */
  readonly region?: string | undefined
  readonly profile?: string | undefined
  readonly interrupt: AbortSignal
  /** For one call with all its attempts. Default a minute. */
  readonly patienceMs?: number
  /** Told why a call is made again. */
  readonly onRetry?: (why: string) => void
}

type Environment = Pick<Runtime, 'env' | 'fs' | 'http' | 'clock' | 'random'>

const PATIENCE_MS = 60_000

/** @throws IamRaError if the settings are wrong or the credentials do not work */
export async function openAccount(
  runtime: Environment,
  { region, profile, interrupt, patienceMs = PATIENCE_MS, onRetry }: AccountOptions,
): Promise<Account> {
  const valueOf = (name: string): string | undefined => runtime.env[name]?.trim() || undefined
  const transport = await openTransport(runtime, valueOf)
  const requestHandler = createHttpHandler({ ...transport, timeoutMs: ATTEMPT_MS, signal: interrupt })
  const context: SendContext = { runtime, interrupt, patienceMs, onRetry }
  const chosen = profile ?? valueOf('AWS_PROFILE')
  const named = chosen === undefined ? {} : { profile: chosen }
  const place = region ?? valueOf('AWS_REGION') ?? valueOf('AWS_DEFAULT_REGION')
  const credentials =
    (chosen === undefined ? keysOf(valueOf) : undefined) ??
    // Providers that ask STS or IAM Identity Center take the handler; those of containers and EC2 ask link-local addresses.
    fromNodeProviderChain({
      ...named,
      clientConfig: { requestHandler, ...(place === undefined ? {} : { region: place }) },
    })
  const options = (setting: string) => {
    const endpoint = checked(setting, awsAddress, valueOf(setting))
    return {
      ...{ credentials, requestHandler, retryStrategy: NO_RETRIES },
      ...(endpoint === undefined ? {} : { endpoint: endpoint.origin }),
      ...(place === undefined ? {} : { region: place }),
    }
  }
  const iam = new IAMClient({ ...options('AWS_ENDPOINT_URL_IAM'), ...named })
  const found = place ?? (await regionOf(iam))
  const sts = new STSClient({ ...options('AWS_ENDPOINT_URL_STS'), ...named, region: found })
  const anywhere = new RolesAnywhereClient({ ...options('AWS_ENDPOINT_URL_ROLESANYWHERE'), region: found })
  const { Arn: callerArn = '', Account: id = '' } = await send(context, {
    action: 'sts:GetCallerIdentity',
    what: chosen === undefined ? '' : `with profile ${chosen}`,
    run: () => sts.send(new GetCallerIdentityCommand({})),
  })
  return {
    ...{ id, callerArn, region: found, runtime, interrupt },
    partition: callerArn.split(':')[1] ?? 'aws',
    iam: createIam(iam, context),
    rolesAnywhere: createRolesAnywhereCalls(anywhere, context),
    close: () => transport.close(),
  }
}

/** The SDK reads the process's own environment; the program's is passed in. */
function keysOf(
  valueOf: (name: string) => string | undefined,
):
  | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  | undefined {
  const accessKeyId = valueOf('AWS_ACCESS_KEY_ID')
  const secretAccessKey = valueOf('AWS_SECRET_ACCESS_KEY')
  const sessionToken = valueOf('AWS_SESSION_TOKEN')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

async function regionOf(client: IAMClient): Promise<string> {
  try {
    return await client.config.region()
  } catch (cause) {
    throw new IamRaError('SETTINGS_INVALID', 'settings', 'no AWS region is set', {
      hint: 'set --region or AWS_REGION, or region in the profile: a trust anchor exists in one region only',
      cause,
    })
  }
}

async function openTransport(
  runtime: Pick<Runtime, 'fs' | 'http'>,
  valueOf: (name: string) => string | undefined,
): Promise<{ clientFor(url: URL): HttpClient; close(): void }> {
  const caFile = valueOf('AWS_CA_BUNDLE')
  const proxy = checked('HTTPS_PROXY', proxyAddress, valueOf('HTTPS_PROXY') ?? valueOf('https_proxy'))
  const noProxy = valueOf('NO_PROXY') ?? valueOf('no_proxy') ?? ''
  const ca =
    caFile === undefined
      ? undefined
      : await readCaFile(runtime.fs, caFile, 'AWS_CA_BUNDLE', {
          ...{ stage: STAGE, hint: 'set AWS_CA_BUNDLE to a file of PEM certificates, or unset it' },
        })
  const trust = ca === undefined ? {} : { ca, caMode: 'add' as const }
  const direct = runtime.http(trust)
  const proxied = proxy === undefined ? direct : runtime.http({ ...trust, proxy })
  return {
    // HTTPS_PROXY is for https, and nothing on this machine is behind a proxy.
    clientFor: (url) =>
      url.protocol !== 'https:' || isLoopback(url) || bypassesProxy(noProxy, url) ? direct : proxied,
    close() {
      direct.close()
      proxied.close()
    },
  }
}

/** No message repeats an address: it may contain a password. */
function checked<T>(setting: string, check: Check<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined
  const result = check(text)
  if ('value' in result) return result.value
  throw new IamRaError('SETTINGS_INVALID', 'settings', `${setting} ${result.wrong}`, {
    hint: `set it to ${result.expected}`,
  })
}
