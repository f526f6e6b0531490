/** The version in the binary and its User-Agent must be package.json's. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '../../src/version.ts'
import { ROOT } from './files.ts'

export function checkVersion(version: string = VERSION): string[] {
  const { version: wanted } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }
  return version === wanted ? [] : [`src/version.ts says ${version}, package.json says ${wanted}`]
}
