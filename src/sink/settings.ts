/** Where the credentials are written. */

export interface SinkSettings {
  readonly credentialsFile: string
  readonly profile: string
  /** Permission bits of the credentials file, and of a config file that was not there. */
  readonly fileMode: number
  /** Present where the region is to be written too. */
  readonly regionFile?: { readonly path: string; readonly region: string }
}
