/** Any CN that Vault accepts: from the setting through the request to the certificate, and no other reader sees another. */
import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkCertificate } from '../../src/certificate/checks.ts'
import { createCsr } from '../../src/certificate/csr.ts'
import { generateKeyPair } from '../../src/certificate/key-pair.ts'
import { createAuthority } from '../rig/emulators/authority.ts'
import { readCertificate } from '../rig/emulators/read-certificate.ts'
import { VaultRefusal } from '../rig/emulators/vault-answer.ts'
import { DEFAULT_PKI_ROLE, signByRole } from '../rig/emulators/vault-pki.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { once } from '../settings/fixture.ts'
import { fc } from '../support/generated.ts'

const issuer = createAuthority({ commonName: 'Intermediate', nowMs: FAKE_NOW_MS })
/** One that accepts whatever it is asked for: `allow_any_name`, `enforce_hostnames=false`, `cn_validations=disabled`. */
const role = {
  ...DEFAULT_PKI_ROLE,
  allowAnyName: true,
  enforceHostnames: false,
  cnValidations: ['disabled' as const],
  keyType: 'any' as const,
}
const mount = { issuer, caChain: 'absent' as const, roles: { app: role } }
const keyPair = await generateKeyPair('ec-p256')

const label = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?$/)
const hostname = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
const email = fc.tuple(label, hostname).map((parts) => parts.join('@'))
const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 })
/** What a setting cannot hold, such as blanks at its ends, never comes to Vault. */
const fitsSetting = (text: string): boolean =>
  text.trim() === text &&
  text !== '' &&
  Array.from(text).length <= 64 &&
  !/\p{Cc}|\p{Cs}|\$\([^()\s]+\)/u.test(text)

const names = suite('properties: common names')

/** Undefined where Vault refuses the name. */
function signed(csr: string, entity: Parameters<typeof signByRole>[3]): string | undefined {
  try {
    return String(signByRole(mount, 'app', { csr }, entity, FAKE_NOW_MS).data['certificate'])
  } catch (error) {
    if (error instanceof VaultRefusal) return undefined
    throw error
  }
}

async function asSet(commonName: string): Promise<string> {
  const { settings } = await once({ VAULT_CERT_CN: commonName })
  return settings.certificate.commonName
}

names('are in the certificate as they were set, and pass the check of the answer', async () => {
  const any = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(fc.oneof(hostname, email, printable, any).filter(fitsSetting), async (text) => {
      const commonName = await asSet(text)
      assert.is(commonName, text)
      const wanted = { commonName, dnsSans: [], uriSans: [] }
      const csr = await createCsr(keyPair, wanted)
      const entity = { id: 'entity', aliases: new Map() }
      const certificatePem = signed(csr, entity)
      // Vault looks at more than the role's switches, for instance at wildcards: `@*` is refused.
      fc.pre(certificatePem !== undefined)
      const der = Buffer.from(certificatePem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
      assert.is(readCertificate(der).commonName, text)
      const checked = await checkCertificate({
        ...wanted,
        certificatePem,
        chainPem: [issuer.pem],
        publicKeyInfo: keyPair.publicKeyInfo,
        nowMs: FAKE_NOW_MS,
        signal: new AbortController().signal,
      })
      assert.is(checked.validFromMs, FAKE_NOW_MS - 30_000)
    }),
    { numRuns: 150 },
  )
})

names('are what openssl finds in the request, and all that it finds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(hostname, email, printable).filter(fitsSetting), async (text) => {
      const csr = await createCsr(keyPair, { commonName: await asSet(text), dnsSans: [], uriSans: [] })
      const run = spawnSync('openssl', ['req', '-noout', '-subject', '-nameopt', 'multiline'], {
        input: csr,
        env: { PATH: process.env['PATH'], LC_ALL: 'C', OPENSSL_CONF: '/dev/null' },
        encoding: 'utf8',
      })
      assert.is(run.status, 0, run.stderr)
      // It escapes its escape sign, and no more of what is printable.
      assert.is(run.stdout, `subject=\n    commonName                = ${text.replaceAll('\\', '\\\\')}\n`)
    }),
    { numRuns: 60 },
  )
})

names.run()
