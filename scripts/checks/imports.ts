/**
 * Which folder may import which. Data flows one way and a step knows its neighbours' values, not their code: step
 * folders import the shared files at src's root and nothing of one another; only pipeline.ts and commands/ join them.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import type { SourceFile } from './files.ts'

/** Files at src's root that may reach into folders, with the folders that each may reach. */
const JOINERS: Readonly<Record<string, readonly string[]>> = {
  'pipeline.ts': ['identity', 'certificate', 'exchange', 'sink'],
  'aws-iam-ra.ts': ['settings', 'commands'],
}
/** Heavy packages, and the one folder whose business they are. */
const PACKAGES: Readonly<Record<string, string>> = {
  'node-vault': 'src/identity',
  '@peculiar/x509': 'src/certificate',
  '@peculiar/asn1-schema': 'src/certificate',
  '@peculiar/asn1-x509': 'src/certificate',
  'reflect-metadata': 'src/certificate',
  ini: 'src/sink',
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
    path.startsWith('test/emulators/') &&
    !/\.test\.ts$/.test(path) &&
    !resolved.startsWith('test/emulators/')
  ) {
    return 'emulators are written from the public protocol and know nothing of ours'
  }
  if (!path.startsWith('src/')) return undefined
  if (!resolved.startsWith('src/')) return 'src knows nothing outside of src'
  return refuseFolder(path.slice('src/'.length), resolved.slice('src/'.length))
}

function refuseFolder(from: string, to: string): string | undefined {
  const fromFolder = folderOf(from)
  const toFolder = folderOf(to)
  if (to in JOINERS && !(from in JOINERS) && fromFolder !== 'commands')
    return 'only a command or an entry point knows what joins the steps'
  if (toFolder === fromFolder) return undefined
  if (fromFolder === undefined) {
    return toFolder === undefined || JOINERS[from]?.includes(toFolder) === true
      ? undefined
      : 'only pipeline.ts and the entry points reach from the root into a folder'
  }
  if (toFolder === undefined || fromFolder === 'commands') return undefined
  return 'a step imports nothing of another folder'
}

function refusePackage(path: string, target: string): string | undefined {
  if (target.startsWith('node:')) return undefined
  if (target === 'bun' || target.startsWith('bun:')) return 'src runs on Node too'
  const name = /^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? target
  const home = PACKAGES[name]
  if (home === undefined)
    return 'no package that the shipped file may hold (list it in this check with its folder)'
  return path === home || path.startsWith(`${home}/`) ? undefined : `${name} belongs to ${home}`
}

function folderOf(path: string): string | undefined {
  const slash = path.indexOf('/')
  return slash === -1 ? undefined : path.slice(0, slash)
}
