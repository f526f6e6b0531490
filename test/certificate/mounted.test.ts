import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MountedCertificateSettings } from '../../src/certificate/settings.ts'
import { fc } from '../support/generated.ts'
import { pem } from '../keys/read.ts'
import { readDer, readUnsigned } from './der.ts'
import { ACCEPTED, KEYS, ODD_KINDS, REFUSED, type Case, type Content } from './mounted-cases.ts'
import { readOn, type ReadOutcome } from './mounted-reader.ts'

const mounted = suite('a mounted certificate')
const folder = mkdtempSync(join(tmpdir(), 'iam-ra-mounted-'))
mounted.after(() => rmSync(folder, { recursive: true }))

const SAMPLES = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 12, seed: 1 })
const data = SAMPLES.map((one) => Buffer.from(one).toString('base64'))

let count = 0
function put(name: string, content: Content): string {
  const path = join(folder, String(count), name)
  mkdirSync(join(folder, String(count)), { recursive: true })
  if (content === null) return path
  if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(path, content)
  else if (content.kind === 'folder') mkdirSync(path)
  else execFileSync('mkfifo', [path])
  return path
}

function settingsOf({ certificate, key, chain }: Case): MountedCertificateSettings {
  count += 1
  return {
    certificateFile: put('tls.crt', certificate),
    privateKeyFile: put('tls.key', key),
    ...(chain === undefined ? {} : { chainFile: put('ca.crt', chain) }),
  }
}

const base64Of = (text: string): string => text.replace(/-----[^-]+-----|\s/g, '')

/** Those that are refused first: what a library keeps of a failure must not spoil the next reading. */
const readings = [...REFUSED, ...ODD_KINDS, ...ACCEPTED].map((one) => ({ settings: settingsOf(one), data }))

for (const runtime of ['node', 'bun'] as const) {
  const outcomes = await readOn(runtime, readings)

  for (const [index, { title, leaf, issuer, key }] of ACCEPTED.entries()) {
    mounted(
      `${runtime}: with ${title} is read, and its public key verifies what the private one signs`,
      () => {
        const outcome = at(outcomes, REFUSED.length + ODD_KINDS.length + index)
        const certificate = new X509Certificate(leaf)
        const algorithm = certificate.publicKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ecdsa'
        assert.is(outcome.message, undefined)
        assert.is(outcome.keyAlgorithm, algorithm)
        assert.is(outcome.leaf, certificate.raw.toString('base64'))
        assert.equal(outcome.chainSubjects, issuer === undefined ? [] : [issuer])
        const signatures = outcome.signatures ?? []
        assert.is(signatures.length, SAMPLES.length)
        for (const [which, sample] of SAMPLES.entries()) {
          const signature = Buffer.from(signatures[which] ?? '', 'base64')
          assert.ok(verify('sha256', sample, certificate.publicKey, signature))
          assert.not(verify('sha256', Uint8Array.of(...sample, 0), certificate.publicKey, signature))
          if (algorithm === 'ecdsa') {
            const [sequence, ...after] = readDer(signature)
            assert.is(after.length, 0)
            readDer(sequence?.content ?? new Uint8Array()).forEach((integer) => readUnsigned(integer))
          }
        }
        showsNoKey(outcome.printed, key)
      },
    )
  }

  for (const [index, { title, code = 'INPUT_FILE', sentence, hint, key, certificate }] of REFUSED.entries()) {
    mounted(`${runtime}: ${title} is an error that says what to do`, () => {
      const outcome = at(outcomes, index)
      assert.is(outcome.code, code, outcome.message)
      assert.is(outcome.stage, 'certificate')
      assert.match(outcome.message ?? '', sentence)
      assert.match(outcome.hint ?? '', hint)
      assert.not.match(outcome.hint ?? '', /Vault|KEY_TYPE|PKI role/)
      for (const content of [key, certificate]) showsNoKey(outcome.printed, content)
    })
  }

  for (const [index, { title }] of ODD_KINDS.entries()) {
    mounted(`${runtime}: a key of the kind ${title} is an error that says which can be used`, () => {
      const outcome = at(outcomes, REFUSED.length + index)
      assert.match(outcome.message ?? '', /RSA (?:and|or) EC .*P-256, P-384 or P-521/)
      assert.match(outcome.hint ?? '', /(?:with|for) an ECDSA or RSA key/)
    })
  }
}

function at(outcomes: readonly ReadOutcome[], index: number): ReadOutcome {
  const outcome = outcomes[index]
  assert.ok(outcome)
  return outcome
}

/** No stretch of a private key's base64 that would give anything away. */
function showsNoKey(printed: string, content: Content): void {
  if (typeof content !== 'string' || !content.includes('PRIVATE KEY')) return
  const body = base64Of(/-----BEGIN [A-Z0-9 ]*PRIVATE KEY[^]*?(?:-----END|$)/.exec(content)?.[0] ?? '')
  const raw = Buffer.from(body, 'base64')
  for (let start = 0; start + 12 <= body.length; start += 4)
    assert.not(printed.includes(body.slice(start, start + 12)))
  for (let start = 0; start + 8 <= raw.length; start += 1)
    assert.not(printed.includes(raw.subarray(start, start + 8).toString('hex')))
}

mounted('the keys of the folder are the kinds that they are named for', () => {
  for (const [leaf, , title] of KEYS) {
    const details = createPublicKey(pem(leaf)).asymmetricKeyDetails
    const curve = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[details?.namedCurve ?? '']
    assert.match(title, curve ?? (details?.modulusLength === 3072 ? /3072/ : /RSA/))
  }
})

mounted.run()
