/** Where the credentials are written. */

export interface SinkSettings {
  readonly credentialsFile: string
  readonly profile: string
  /** Permission bits of the credentials file, and of a config file if it has to be created. */
  readonly fileMode: number
  /** Present if the region is to be written too. */
  readonly regionFile?: { readonly path: string; readonly region: string }
}
