/** Where the credentials come from: Vault's PKI, mounted files or Vault's AWS secrets engine, and never two of them. */
import type { CredentialsSource } from '../sources/sources.ts'
import { mountedCertificate } from './mounted-certificate.ts'
import { OPTIONS, type OptionName, type SourceKind } from './options.ts'
import type { Reader } from './reader.ts'
import type { SourceSettings } from './settings.ts'
import { inWords } from './values.ts'
import { vaultAws } from './vault-aws.ts'
import { vaultPki } from './vault-pki.ts'

export type SourceOf<Kind extends SourceKind> = Extract<CredentialsSource, { readonly kind: Kind }>

interface Entry<Kind extends SourceKind> {
  /** The setting that chooses it. */
  readonly by?: OptionName
  /** @param deadlineSeconds undefined if DEADLINE itself is wrong. */
  read(reader: Reader, deadlineSeconds: number | undefined): SourceOf<Kind> | undefined
}

/** The source is the first one whose setting is set; if none is, it is vault-pki. */
export const SOURCES: { readonly [Kind in SourceKind]: Entry<Kind> } = {
  'vault-aws': { by: 'VAULT_AWS_PATH', read: vaultAws },
  'mounted-certificate': { by: 'CERTIFICATE_FILE', read: mountedCertificate },
  'vault-pki': { read: vaultPki },
}
export const KINDS = Object.keys(SOURCES) as readonly SourceKind[]

/** The settings that choose these sources, in words. */
export function choosing(kinds: readonly SourceKind[]): string {
  return inWords(
    KINDS.filter((kind) => kinds.includes(kind)).flatMap((kind) => SOURCES[kind].by ?? []),
    'or',
  )
}

export function sourceSettings(reader: Reader): SourceSettings | undefined {
  const deadline = reader.take('DEADLINE')
  const kind = reader.sourceKind()
  refuseOthers(reader, kind)
  const source = SOURCES[kind].read(reader, deadline)
  return source === undefined || deadline === undefined ? undefined : { source, deadlineMs: deadline * 1000 }
}

/**
 * Settings of another source would be contradictory. A setting that was refused already has its own problem. No setting
 * chooses Vault's PKI, so only companions of a setting that chooses another source can be left over with it.
 */
function refuseOthers(reader: Reader, kind: SourceKind): void {
  const chosenBy = SOURCES[kind].by
  if (chosenBy !== undefined && reader.source(chosenBy).state !== 'given') return
  for (const { name, only } of OPTIONS) {
    if (only === undefined || only.includes(kind) || reader.source(name).state !== 'given') continue
    reader.problem(
      name,
      chosenBy === undefined
        ? { wrong: `is set without ${choosing(only)}`, expected: 'both, or neither' }
        : {
            wrong: `is set together with ${chosenBy}, which is another source of credentials`,
            expected: 'one of them',
          },
    )
  }
}
