/** Where `serve` listens. */

/**
 * The endpoint that apps on this machine get credentials from: a container-credentials endpoint and an instance
 * metadata service.
 */
export interface EndpointSettings {
  readonly port: number
  /** The file for the app with the container endpoint's authorization token. */
  readonly tokenFile: string
  /** Permission bits of that file. */
  readonly tokenFileMode: number
  /** Whether to answer IMDSv1 requests too, which carry no token. */
  readonly imdsV1: boolean
  /** Where the instance metadata service answers too. */
  readonly metadata?: ListenAddress
  /** The region that it gives. */
  readonly region?: string
}

/** The instance metadata service's on EC2. */
export const METADATA_ADDRESS = '169.254.169.254'

/** The only ones besides loopback's and ECS's that SDKs ask over http: those of EKS Pod Identity. */
export const AGENT_ADDRESSES = { ipv4: '169.254.170.23', ipv6: 'fd00:ec2::23' } as const

export interface ListenAddress {
  /** An IP address. */
  readonly host: string
  readonly port: number
}
