/** The connection to AWS, and what to say if it fails. */
import { readCaFile } from '../x509/ca-file.ts'
import { transportFailure, TransportError, type HttpClient } from '../net/http.ts'
import type { Runtime } from '../run/runtime.ts'

/** An AWS service: what a request is signed for and where it goes. */
export interface AwsConnection {
  /** The signature's scope; for CreateSession the trust anchor's region. */
  readonly region: string
  /** Scheme, host and port. */
  readonly endpoint: URL
  /** Path of a PEM file, added to the built-in roots. */
  readonly caFile?: string
  /** The proxy for this endpoint, NO_PROXY already applied. */
  readonly proxy?: URL
}

/** @throws IamRaError INPUT_FILE if AWS_CA_BUNDLE cannot be read */
export async function connect(
  { caFile, proxy }: Pick<AwsConnection, 'caFile' | 'proxy'>,
  runtime: Pick<Runtime, 'fs' | 'http'>,
): Promise<HttpClient> {
  const ca =
    caFile === undefined
      ? undefined
      : await readCaFile(runtime.fs, caFile, 'AWS_CA_BUNDLE', {
          stage: 'exchange',
          hint: 'mount the CA bundle as PEM, or unset AWS_CA_BUNDLE',
        })
  return runtime.http({
    ...(ca === undefined ? {} : { ca, caMode: 'add' as const }),
    ...(proxy === undefined ? {} : { proxy }),
  })
}

export interface AwsServer {
  readonly name: 'Roles Anywhere' | 'STS'
  readonly endpoint: URL
  /** The setting that overrides the endpoint. */
  readonly setting: 'AWS_ENDPOINT_URL_ROLESANYWHERE' | 'AWS_ENDPOINT_URL_STS'
  readonly caFile?: string
}

export function rolesAnywhere({ endpoint, caFile }: AwsConnection): AwsServer {
  const setting = 'AWS_ENDPOINT_URL_ROLESANYWHERE'
  return { name: 'Roles Anywhere', endpoint, setting, ...(caFile === undefined ? {} : { caFile }) }
}

/** An error that is not a transport fault is returned as is. */
export function connectionFailure({ name, endpoint, setting, caFile }: AwsServer, error: unknown): unknown {
  if (!(error instanceof TransportError)) return error
  const isAnother = error.reason === 'other-name' || error.reason === 'plain-http'
  const hint = isAnother
    ? `check ${setting}, and check for a proxy that answers instead of AWS`
    : caFile === undefined
      ? 'behind a proxy that intercepts TLS, put its CA into a file and set AWS_CA_BUNDLE to it'
      : 'check that AWS_CA_BUNDLE contains the CA of the proxy or endpoint in between'
  return transportFailure('exchange', `${name} at ${endpoint.origin}`, error, hint)
}
