/**
 * Which room of src may import which. Rooms stand in layers, and data flows one way: a room imports from layers below its
 * own, never from a room beside it. What joins the steps (sources, commands) stands above them.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import type { SourceFile } from './files.ts'

/** From the ground up. A room is a folder of src, or a file at its root. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts', 'version.ts', 'text'],
  ['net'],
  ['run'],
  ['credentials.ts', 'x509'],
  ['vault', 'aws'],
  ['identity', 'certificate', 'exchange', 'vault-aws', 'sink', 'renewal'],
  ['endpoint', 'sources'],
  ['settings'],
  ['onboarding'],
  ['commands'],
  ['aws-iam-ra.ts'],
]
/** Heavy packages, and the rooms whose business they are. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'node-vault': ['src/vault'],
  '@peculiar/x509': ['src/certificate'],
  '@peculiar/asn1-csr': ['src/certificate'],
  '@peculiar/asn1-schema': ['src/certificate'],
  '@peculiar/asn1-x509': ['src/certificate'],
  'reflect-metadata': ['src/certificate'],
  ini: ['src/sink'],
  '@aws-sdk/client-iam': ['src/onboarding/aws'],
  '@aws-sdk/client-rolesanywhere': ['src/onboarding/aws'],
  '@aws-sdk/client-sts': ['src/onboarding/aws'],
  '@aws-sdk/credential-providers': ['src/onboarding/aws'],
}

export function checkImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    importsOf(file.text).flatMap((target) => {
      const why = refuse(file.path, target)
      return why === undefined ? [] : [`${file.path} imports ${target}: ${why}`]
    }),
  )
}

function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((found) => found.fileName)
}

function refuse(path: string, target: string): string | undefined {
  if (!target.startsWith('.')) return path.startsWith('src/') ? refusePackage(path, target) : undefined
  const resolved = posix.join(posix.dirname(path), target)
  if (!resolved.endsWith('.ts')) return 'a relative import has the ending .ts'
  if (
    path.startsWith('test/rig/emulators/') &&
    !/\.test\.ts$/.test(path) &&
    !resolved.startsWith('test/rig/emulators/')
  ) {
    return 'emulators are written from the public protocol and know nothing of ours'
  }
  if (!path.startsWith('src/')) return undefined
  if (!resolved.startsWith('src/')) return 'src knows nothing outside of src'
  return refuseRoom(roomOf(path), roomOf(resolved))
}

function refuseRoom(from: string, to: string): string | undefined {
  if (from === to) return undefined
  const [above, below] = [layerOf(from), layerOf(to)]
  if (above === -1) return `${from} has no layer (list it in this check)`
  if (below === -1) return `${to} has no layer (list it in this check)`
  if (above === below) return `${from} and ${to} stand in one layer and know nothing of one another`
  return above > below ? undefined : `${to} stands above ${from}`
}

function layerOf(room: string): number {
  return LAYERS.findIndex((rooms) => rooms.includes(room))
}

/** @param path below src/ */
function roomOf(path: string): string {
  return path.split('/')[1] ?? path
}

function refusePackage(path: string, target: string): string | undefined {
  if (target.startsWith('node:')) return undefined
  if (target === 'bun' || target.startsWith('bun:')) return 'src runs on Node too'
  const name = /^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? target
  const homes = PACKAGES[name]
  if (homes === undefined)
    return 'no package that the shipped file may hold (list it in this check with its room)'
  return homes.some((home) => path.startsWith(`${home}/`))
    ? undefined
    : `${name} belongs to ${homes.join(' and ')}`
}
