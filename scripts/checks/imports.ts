/**
 * Which room of src may import which. Rooms are arranged in layers, and data flows one way: a room imports from layers
 * below its own, never from a room in the same layer. The rooms that join the steps (sources, commands) are above them.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import type { SourceFile } from './files.ts'

/** From the bottom up. A room is a directory of src, or a file at its root. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts', 'version.ts', 'text'],
  ['net'],
  ['run'],
  ['credentials.ts', 'x509'],
  ['vault', 'aws'],
  ['identity', 'certificate', 'exchange', 'vault-aws', 'sink', 'renewal'],
  ['endpoint', 'sources'],
  ['settings'],
  ['inspection', 'agent'],
  ['onboarding', 'terminal'],
  ['commands', 'operator'],
  ['aws-iam-ra.ts', 'iam-ra.ts'],
]
/** Heavy packages, and the only rooms that may import each. */
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
  '@clack/prompts': ['src/terminal'],
  '@stricli/core': ['src/operator'],
  yaml: ['src/onboarding/kubernetes'],
}
const POD = 'src/aws-iam-ra.ts'
/** The operator's program. A package that only these rooms may import is part of it. */
const OPERATORS: readonly string[] = ['src/iam-ra.ts', 'src/operator', 'src/terminal', 'src/onboarding']

export function checkImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    importsOf(file.text).flatMap((target) => {
      const why = refuse(file.path, target)
      return why === undefined ? [] : [`${file.path} imports ${target}: ${why}`]
    }),
  )
}

/** Follows every import of the pod's program, static or dynamic, and refuses any part of the operator's. */
export function checkPod(files: readonly SourceFile[]): string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const ways = new Map([[POD, POD]])
  const problems: string[] = []
  for (const [path, way] of ways) {
    for (const target of importsOf(texts.get(path) ?? '')) {
      const reached = target.startsWith('.') ? posix.join(posix.dirname(path), target) : target
      if (ways.has(reached)) continue
      const step = `${way} > ${reached}`
      if (isOperators(reached))
        problems.push(`the pod's program must not contain a part of the operator's: ${step}`)
      else if (texts.has(reached)) ways.set(reached, step)
    }
  }
  return texts.has(POD) ? problems : [`${POD} is missing, so its imports cannot be followed`]
}

/** Only the pod's packages may be dependencies: its bill of materials lists them. The operator's are bundled. */
export function checkDependencies(names: readonly string[]): string[] {
  return names
    .filter((name) => PACKAGES[name] === undefined || isOperators(name))
    .map(
      (name) =>
        `package.json lists ${name} in dependencies, but the pod's program does not contain it: move it to devDependencies`,
    )
}

function isOperators(target: string): boolean {
  const inside = (path: string): boolean =>
    OPERATORS.some((room) => path === room || path.startsWith(`${room}/`))
  return inside(target) || (PACKAGES[packageOf(target)]?.every(inside) ?? false)
}

function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((found) => found.fileName)
}

function refuse(path: string, target: string): string | undefined {
  if (!target.startsWith('.')) return path.startsWith('src/') ? refusePackage(path, target) : undefined
  const resolved = posix.join(posix.dirname(path), target)
  if (!resolved.endsWith('.ts')) return 'a relative import must end in .ts'
  if (
    path.startsWith('test/rig/emulators/') &&
    !/\.test\.ts$/.test(path) &&
    !resolved.startsWith('test/rig/emulators/')
  ) {
    return 'emulators follow the public protocol and must not import our code'
  }
  if (!path.startsWith('src/')) return undefined
  if (!resolved.startsWith('src/')) return 'src must not import from outside src'
  return refuseRoom(roomOf(path), roomOf(resolved))
}

function refuseRoom(from: string, to: string): string | undefined {
  if (from === to) return undefined
  const [above, below] = [layerOf(from), layerOf(to)]
  if (above === -1) return `${from} has no layer (list it in this check)`
  if (below === -1) return `${to} has no layer (list it in this check)`
  if (above === below) return `${from} and ${to} are in one layer and must not import each other`
  return above > below ? undefined : `${to} is in a layer above ${from}`
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
  if (target === 'bun' || target.startsWith('bun:')) return 'src must run on Node too'
  const name = packageOf(target)
  const homes = PACKAGES[name]
  if (homes === undefined)
    return 'not a package that the shipped file may contain (list it in this check with its room)'
  return homes.some((home) => path.startsWith(`${home}/`))
    ? undefined
    : `only ${homes.join(' and ')} may import ${name}`
}

function packageOf(target: string): string {
  return /^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? target
}
