/** The settings of the source that asks Vault for a certificate. */
import type { SourceOf } from './credentials-source.ts'
import type { Reader } from './reader.ts'
import { certificateSection, exchangeSection, vaultSection } from './sections.ts'

export function vaultPki(
  reader: Reader,
  deadlineSeconds: number | undefined,
): SourceOf<'vault-pki'> | undefined {
  const vault = vaultSection(reader)
  const certificate = certificateSection(reader, deadlineSeconds)
  const exchange = exchangeSection(reader)
  if (vault === undefined || certificate === undefined || exchange === undefined) return undefined
  return { kind: 'vault-pki', vault, certificate, exchange }
}
