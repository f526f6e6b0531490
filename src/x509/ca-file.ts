/** The files that VAULT_CACERT and AWS_CA_BUNDLE name. */
import { dirname } from 'node:path'
import { codeOf, IamRaError, type Stage } from '../errors.ts'
import { readInputFile } from '../run/input-file.ts'
import type { Runtime } from '../run/runtime.ts'

export type CaFile =
  | {
      /** All certificates, as PEM that every TLS library reads. */
      readonly pem: string
      /** In words that follow the file's name. */
      readonly warnings: readonly string[]
    }
  /** Also in words that follow the file's name. */
  | { readonly fault: string; readonly cause?: unknown }

type Files = Pick<Runtime['fs'], 'stat' | 'open' | 'readdir'>

/** Node's and Bun's TLS skip what they cannot parse, and then trust no CA, so the file is checked here first. */
export async function lookAtCaFile(fs: Files, path: string, nowMs: number): Promise<CaFile> {
  let bytes: Buffer
  try {
    bytes = Buffer.from(await readInputFile(fs, path, 'latin1'), 'latin1')
  } catch (cause) {
    return { fault: await unreadable(fs, path, cause), cause }
  }
  const { canonicalPem, doubtsAbout, readCertificatesToTrust } = await import('./certificates-to-trust.ts')
  const found = readCertificatesToTrust(bytes)
  if ('fault' in found) return found
  const { certificates, hasKey } = found
  const warnings = doubtsAbout(certificates, nowMs)
  if (hasKey) warnings.push('contains a private key, which is not needed here; mount only the certificates')
  return { pem: canonicalPem(certificates), warnings }
}

/**
 * @param setting the variable that names the file
 * @returns PEM
 * @throws IamRaError INPUT_FILE if it cannot be read or contains no certificate
 */
export async function readCaFile(
  fs: Files,
  path: string,
  setting: string,
  { stage, hint }: { readonly stage: Stage; readonly hint: string },
): Promise<string> {
  // Its warnings were logged when the settings were read.
  const file = await lookAtCaFile(fs, path, 0)
  if ('pem' in file) return file.pem
  throw new IamRaError('INPUT_FILE', stage, `${setting} ${path} ${file.fault}`, { cause: file.cause, hint })
}

async function unreadable(fs: Files, path: string, cause: unknown): Promise<string> {
  const code = codeOf(cause) ?? 'unreadable'
  const isDirectory = code === 'not a file' || code === 'EISDIR'
  if (!isDirectory && code !== 'ENOENT') return `cannot be read (${code})`
  const there = await keysIn(fs, isDirectory ? path : dirname(path))
  const others = there.length === 0 ? '' : `, and its directory has ${there.join(', ')}`
  if (!isDirectory) return `cannot be read (${code})${others}`
  return there.length === 0 ? `cannot be read (${code})` : `is a directory that contains ${there.join(', ')}`
}

const MOST_KEYS = 5
/** Kubernetes Secret and ConfigMap volumes have it: pkg/volume/util/atomic_writer.go. */
const VOLUME_MARK = '..data'

/** The keys of a mounted Secret or ConfigMap, else the files named like certificates: one of them may be meant. */
async function keysIn(fs: Files, directory: string): Promise<string[]> {
  try {
    const names = (await fs.readdir(directory)).filter((name) => !/[\p{C}\s]/u.test(name))
    const isVolume = names.includes(VOLUME_MARK)
    const keys = names.filter((name) =>
      isVolume ? !name.startsWith('..') : /\.(?:pem|crt|cer|cert|der|p7b|p7c)$/i.test(name),
    )
    return keys.toSorted().slice(0, MOST_KEYS)
  } catch {
    return []
  }
}
