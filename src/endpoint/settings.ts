/** Where `serve` listens. */

/** What apps on this machine ask for credentials: a container-credentials endpoint and an instance metadata service. */
export interface EndpointSettings {
  readonly port: number
  /** Where the container endpoint's authorization token is written for the app. */
  readonly tokenFile: string
  /** Permission bits of that file. */
  readonly tokenFileMode: number
  /** Whether IMDSv1 requests, which carry no token, are answered too. */
  readonly imdsV1: boolean
}

/** Where liveness, readiness and metrics are asked for. */
export interface HealthSettings {
  /** An IP address. */
  readonly host: string
  readonly port: number
}
