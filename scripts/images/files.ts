/**
 * Lays out everything that the image of aws-iam-ra contains in a directory: the executable and the libraries it needs,
 * the user it runs as, its licence and its bill of materials. Run as `files.ts <executable> <folder>` by the
 * Containerfile.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import { readElf } from '../build/elf.ts'
import { billOfMaterials } from './bill.ts'
import { findLibraries, type Libraries } from './libraries.ts'

/** @param folder is created */
export function layOut(executable: string, folder: string): void {
  const libraries = layExecutable(executable, folder, '/usr/local/bin/aws-iam-ra')
  const documents = join(folder, 'usr/share/doc')
  cpSync(join(ROOT, 'images/aws-iam-ra/etc'), join(folder, 'etc'), { recursive: true })
  mkdirSync(join(folder, 'home/nobody'), { recursive: true })
  mkdirSync(join(documents, 'aws-iam-ra'), { recursive: true })
  mkdirSync(join(documents, 'libc6'))
  copyFileSync(join(ROOT, 'LICENSE'), join(documents, 'aws-iam-ra/LICENSE'))
  copyFileSync(join(libraries.root, 'usr/share/doc/libc6/copyright'), join(documents, 'libc6/copyright'))
  writeFileSync(join(documents, 'aws-iam-ra/sbom.cdx.json'), billOfMaterials(libraries.version))
}

/** A dynamic executable with its loader and libraries, in the places where the loader looks by default. */
export function layExecutable(executable: string, folder: string, as: string): Libraries {
  const facts = readElf(readFileSync(executable))
  const libraries = findLibraries(facts.machine)
  const loader = basename(facts.interpreter)
  place(executable, folder, as)
  place(join(libraries.root, libraries.folder, loader), folder, facts.interpreter)
  for (const name of facts.libraries) {
    if (name !== loader)
      place(join(libraries.root, libraries.folder, name), folder, join(libraries.folder, name))
  }
  return libraries
}

function place(file: string, folder: string, as: string): void {
  const path = join(folder, as)
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(file, path)
  chmodSync(path, 0o755)
}

if (import.meta.main) {
  const [executable, folder] = process.argv.slice(2)
  if (executable === undefined || folder === undefined)
    throw new Error('usage: files.ts <executable> <folder>')
  layOut(executable, folder)
}
