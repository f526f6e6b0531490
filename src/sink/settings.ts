/** Where the credentials are written. */

export interface SinkSettings {
  readonly credentialsFile: string
  readonly profile: string
  /** Permission bits of the credentials file, and of a config file if it has to be created. */
  readonly fileMode: number
  /** Present if the region is to be written too. */
  readonly regionFile?: { readonly path: string; readonly region: string }
}

/** The one file of a command that serves: the container endpoint's authorization token, for the app. */
export interface TokenFileSettings {
  readonly tokenFile: string
  /** Permission bits. */
  readonly tokenFileMode: number
}
