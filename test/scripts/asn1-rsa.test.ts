import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { folding } from '../../scripts/build/asn1-rsa.ts'
import { compile, localTarget } from '../../scripts/build/compile.ts'
import { ROOT } from '../../scripts/checks/files.ts'

const constants = suite('the constants of asn1-rsa')
const PACKAGE = join(ROOT, 'node_modules/@peculiar/asn1-rsa/build/es2015')
const modules = readdirSync(PACKAGE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(join(PACKAGE, name), 'utf8'))

/** DER as RFC 8017 has it (appendices A.2.1 and C): SHA-1, no label, and defaults, which DER leaves out. */
const EXPECTED = {
  mgf1SHA1: '300906052b0e03021a0500',
  pSpecifiedEmpty: '0414da39a3ee5e6b4b0d3255bfef95601890afd80709',
  RSASSA_PSS: '3000',
  RSAES_OAEP: '3000',
}

constants('are bytes in the modules that are built in, and nothing else is changed', () => {
  const { fold, finish } = folding()
  const folded = modules.map(fold).join('\n')
  finish()
  const found = [
    ...folded.matchAll(/const (\w+) = .*\n.*\n {4}parameters: Uint8Array\.of\(([\d, ]+)\)\.buffer,\n/g),
  ]
  const hex = found.map(([, name = '', bytes = '']) => [
    name,
    Buffer.from(bytes.split(', ').map(Number)).toString('hex'),
  ])
  assert.equal(Object.fromEntries(hex), EXPECTED)
  // The indented ones run for each object that is made, and nobody makes any.
  assert.not.match(folded, /^ {0,4}parameters: AsnConvert/m)
  const withoutThem = (text: string): string => text.replace(/^ {4}parameters: .*$/gm, '')
  assert.is(withoutThem(folded), withoutThem(modules.join('\n')))
})

constants('that are written otherwise are not passed over', () => {
  const { fold, finish } = folding()
  modules.forEach((text) =>
    fold(text.replace('export const RSASSA_PSS = new', 'export const RSASSA_PSS =  new')),
  )
  assert.throws(finish, /^asn1-rsa has changed, and is not what the build knows: RSASSA_PSS$/)
})

constants('are missing where the package is not built in', () => {
  folding().finish()
})

constants('fail the build of a package that has changed', () => {
  const project = mkdtempSync(join(tmpdir(), 'iam-ra-fold-'))
  try {
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(project, path)), { recursive: true })
      writeFileSync(join(project, path), text)
    }
    for (const path of ['scripts/bundle.ts', 'scripts/build/asn1-rsa.ts', 'scripts/build/leave-out.ts'])
      cpSync(join(ROOT, path), join(project, path))
    write('package.json', '{"type":"module"}')
    write('node_modules/@peculiar/asn1-rsa/package.json', '{"type":"module","main":"index.js"}')
    write('node_modules/@peculiar/asn1-rsa/index.js', 'export const mgf1SHA1 = {}\n')
    write('src/entry.ts', "import * as rsa from '@peculiar/asn1-rsa'\nconsole.log(rsa)\n")
    const outfile = join(project, 'entry')
    assert.throws(
      () => compile({ entry: 'src/entry.ts', target: localTarget(), outfile, project }),
      /^bun build failed:[^]*asn1-rsa has changed.*: mgf1SHA1, pSpecifiedEmpty, RSASSA_PSS, RSAES_OAEP/,
    )
  } finally {
    rmSync(project, { recursive: true })
  }
})

constants.run()
