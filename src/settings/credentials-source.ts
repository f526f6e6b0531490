/** Where the credentials come from: Vault's PKI, mounted files or Vault's AWS secrets engine, and never two of them. */
import type { SourceOf } from '../sources/sources.ts'
import { mountedCertificate } from './mounted-certificate.ts'
import { CHOICES, choosing, OPTIONS, type SourceKind } from './options.ts'
import type { Reader } from './reader.ts'
import type { SourceSettings } from './settings.ts'
import { vaultAws } from './vault-aws.ts'
import { vaultPki } from './vault-pki.ts'

/** @param deadlineSeconds undefined if DEADLINE itself is wrong */
type Read<Kind extends SourceKind> = (
  reader: Reader,
  deadlineSeconds: number | undefined,
) => SourceOf<Kind> | undefined

const READERS: { readonly [Kind in SourceKind]: Read<Kind> } = {
  'vault-aws': vaultAws,
  'mounted-certificate': mountedCertificate,
  'vault-pki': vaultPki,
}

export function sourceSettings(reader: Reader): SourceSettings | undefined {
  const deadline = reader.take('DEADLINE')
  const kind = reader.sourceKind()
  refuseOthers(reader, kind)
  const source = READERS[kind](reader, deadline)
  return source === undefined || deadline === undefined ? undefined : { source, deadlineMs: deadline * 1000 }
}

/**
 * Settings of another source would be contradictory. A setting that was refused already has its own problem. No setting
 * chooses Vault's PKI, so only companions of a setting that chooses another source can be left over with it.
 */
function refuseOthers(reader: Reader, kind: SourceKind): void {
  const chosenBy = CHOICES[kind]
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
